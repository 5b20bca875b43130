export type { OciResources } from '@tsbox/cgroups'
export type { Box, Root, Tmpfs, Volume } from './box.ts'
export {
  CAPABILITIES,
  type Capability,
  capabilityMask,
  DEFAULT_CAPABILITIES,
  parseCapability,
} from './capabilities.ts'
export type { BoxInput } from './input.ts'
export {
  CAPABILITY_SETS,
  type CapabilitySet,
  type CapabilitySets,
  capabilitySets,
} from './oci/capabilities.ts'
export { type CreatableConfig, checkCreate } from './oci/check-create.ts'
export {
  HOOK_KINDS,
  NAMESPACE_TYPES,
  type OciCapabilities,
  type OciConfig,
  type OciDevice,
  type OciHook,
  type OciHooks,
  type OciIdMapping,
  type OciLinux,
  type OciMount,
  type OciNamespace,
  type OciNamespaceType,
  type OciProcess,
  type OciScheduler,
  type OciTimeOffset,
  type OciUser,
} from './oci/config.ts'
export { CONFIG_FIELDS, type ConfigField } from './oci/fields.ts'
export { MAX_JSON, MAX_JSON_DEPTH, parseJson } from './oci/json.ts'
export {
  MOUNT_ATTRIBUTES,
  MOUNT_OPTIONS,
  type MountOptions,
  type Propagation,
  parseMountOptions,
  parsePropagation,
} from './oci/mount-options.ts'
export { parseConfig, parseProcess, parseResources } from './oci/parse-config.ts'
export { readProcess } from './oci/process.ts'
export type { OciSeccomp, OciSeccompArg, OciSyscallRule } from './oci/seccomp.ts'
export { SECCOMP_WORDS } from './oci/seccomp-profile.ts'
export { containerId, LONGEST_ID, OCI_STATUSES, type OciState, type OciStatus } from './oci/state.ts'
export { boxName, DEFAULTS, parseBox } from './parse-box.ts'
export { insidePath, mountTarget } from './paths.ts'
export { parseRlimit, RLIMITS, type Rlimit, type RlimitName } from './rlimits.ts'
export { defaultSeccomp } from './seccomp/default-profile.ts'
export type { Machine } from './seccomp/machine.ts'
export { type ProfileFacts, parseProfile } from './seccomp/profile-file.ts'
export { seccompFlags, seccompNotifies } from './seccomp/seccomp-flags.ts'
export { seccompRules } from './seccomp/seccomp-rules.ts'
export { parseSignal, signalName } from './signals.ts'
export { sysctlFile } from './sysctls.ts'
