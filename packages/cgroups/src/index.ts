export { Cgroup, type CreateAt, type CreateOptions, type TimeLimit } from './cgroup.ts'
export { parseDuration } from './duration.ts'
export type { CgroupEvent } from './events.ts'
export { type FileAttempt, hintFor } from './file-error.ts'
export { ancestorsOf, checkGroupPath } from './group-path.ts'
export {
  type CgroupHost,
  CONTROLLERS,
  type Controller,
  type ControllerHome,
  controllerHome,
  detectHost,
  hostFromMountinfo,
} from './host.ts'
export {
  type CpusetValues,
  cpusetSeeds,
  defaultControllers,
  enableWrites,
  type FileWrite,
  type GroupDir,
  groupLayout,
} from './layout.ts'
export type {
  CpuLimits,
  CpusetLimits,
  IoLimits,
  IoMax,
  Limits,
  MemoryLimits,
  Microseconds,
  PidsLimits,
  Size,
} from './limits.ts'
export type { Prune } from './make.ts'
export { type NormalLimits, normalLimits } from './normal.ts'
export type { NormalCpu } from './normal-cpu.ts'
export type { NormalIo, NormalIoMax } from './normal-io.ts'
export { type Counter, eventCounters, notableCounters } from './notable.ts'
export type {
  Int64,
  OciBlockDevice,
  OciBlockIO,
  OciCpu,
  OciDeviceRule,
  OciMemory,
  OciResources,
} from './oci/resources.ts'
export { parseSize, parseSizeOrMax } from './size.ts'
export type {
  GroupFile,
  IoCount,
  Pressure,
  ReadGroupFile,
  Stats,
} from './snapshot.ts'
export { statFiles, statsFromFiles } from './stats.ts'
export { bfqWeightFromIoWeight, sharesFromWeight, weightFromShares } from './weight.ts'
export { controllersOf, type LimitWrite, limitWrites } from './writes.ts'
