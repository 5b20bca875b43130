export { Cgroup, type CreateAt, type CreateOptions, type TimeLimit } from './cgroup.ts'
export { parseDuration } from './duration.ts'
export type { CgroupEvent } from './events.ts'
export { type FileAttempt, hintFor } from './file-error.ts'
export { freezeGroup, thawGroup } from './freeze.ts'
export { ancestorsOf, checkGroupPath } from './group-path.ts'
export {
  type CgroupHost,
  CONTROLLERS,
  type Controller,
  type ControllerHome,
  controllerHome,
  detectHost,
  hostFromMountinfo,
  missingHint,
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
export {
  containerControllers,
  containerLayout,
  groupHasFile,
  openContainer,
} from './oci/container-layout.ts'
export { deviceProgram } from './oci/device-program.ts'
export { DEFAULT_DEVICE_RULES, type DeviceRule, deviceRules } from './oci/device-rules.ts'
export { type DeviceWrite, deviceWritesV1 } from './oci/devices-v1.ts'
export { eventText, hugePageSizes, type OciEvent, type OomOptions, oomEvents } from './oci/events.ts'
export { readerOf } from './oci/files.ts'
export { groupPids, groupState } from './oci/live.ts'
export { type ResourceOptions, resourceWrites } from './oci/resource-writes.ts'
export type {
  Int64,
  OciBlockDevice,
  OciBlockIO,
  OciCpu,
  OciDeviceRule,
  OciMemory,
  OciResources,
} from './oci/resources.ts'
export { ociStats, type StatsOptions } from './oci/stats.ts'
export type { OciStats } from './oci/stats-types.ts'
export { type SystemdGroup, systemdGroupPath } from './oci/systemd.ts'
export { annotatedProperties } from './oci/unit-annotations.ts'
export { deviceProperties, type UnitProperty, unitProperties } from './oci/unit-properties.ts'
export { applyResources, type LiveGroup } from './oci/update.ts'
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
