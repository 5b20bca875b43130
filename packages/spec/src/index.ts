export type { Box, Root, Tmpfs, Volume } from './box.ts'
export {
  CAPABILITIES,
  type Capability,
  capabilityMask,
  DEFAULT_CAPABILITIES,
  parseCapability,
} from './capabilities.ts'
export type { BoxInput } from './input.ts'
export { boxName, DEFAULTS, parseBox } from './parse-box.ts'
export { insidePath, mountTarget } from './paths.ts'
export { parseRlimit, RLIMITS, type Rlimit, type RlimitName } from './rlimits.ts'
export { parseSignal, signalName } from './signals.ts'
export { sysctlFile } from './sysctls.ts'
