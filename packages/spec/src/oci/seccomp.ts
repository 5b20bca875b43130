import type { Int64 } from '@tsbox/cgroups'

/** One condition on an argument of a system call. */
export interface OciSeccompArg {
  readonly index: number
  readonly value: Int64
  /** For SCMP_CMP_MASKED_EQ: `value` is the mask and this what is compared. */
  readonly valueTwo?: Int64 | undefined
  readonly op: string
}

export interface OciSyscallRule {
  readonly names: readonly string[]
  readonly action: string
  readonly errnoRet?: number | undefined
  readonly args?: readonly OciSeccompArg[] | undefined
}

/** `linux.seccomp` of an OCI configuration (runtime-spec, config-linux.md, "Seccomp"). */
export interface OciSeccomp {
  readonly defaultAction: string
  readonly defaultErrnoRet?: number | undefined
  readonly architectures?: readonly string[] | undefined
  readonly flags?: readonly string[] | undefined
  /** A socket that is handed the listener of SCMP_ACT_NOTIFY. */
  readonly listenerPath?: string | undefined
  readonly listenerMetadata?: string | undefined
  readonly syscalls?: readonly OciSyscallRule[] | undefined
}
