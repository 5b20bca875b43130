/** What a filter may answer when no rule matches: the listener of `notify` needs calls of its own, so it is no default. */
export type SeccompDefaultAction =
  | { readonly kind: 'allow' | 'log' | 'trap' | 'killThread' | 'killProcess' }
  /** `value`: the error number the caller sees, at most 4094. */
  | { readonly kind: 'errno'; readonly value: number }
  /** `value`: what the tracer reads with PTRACE_GETEVENTMSG, at most 65535. */
  | { readonly kind: 'trace'; readonly value: number }

/** An answer of a filter (seccomp(2), "Filter return values"). */
export type SeccompAction = SeccompDefaultAction | { readonly kind: 'notify' }

/** How an argument, as an unsigned number of 64 bits, is compared. */
export type SeccompOperator = 'ne' | 'lt' | 'le' | 'eq' | 'ge' | 'gt' | 'maskedEq'

export interface SeccompCondition {
  /** Which argument, 0 to 5. */
  readonly index: number
  readonly operator: SeccompOperator
  /** What the argument is compared with; the mask of `maskedEq`. */
  readonly value: bigint
  /** For `maskedEq`: what is left of the argument under the mask. */
  readonly masked?: bigint
}

export interface SeccompRule {
  readonly action: SeccompAction
  /** The name of a system call, such as `openat`. */
  readonly name: string
  /** All of them hold, each for another argument; none: whatever the arguments are. */
  readonly conditions: readonly SeccompCondition[]
}

/** A filter as libseccomp takes it. */
export interface SeccompRules {
  readonly defaultAction: SeccompDefaultAction
  /** The answer to a call of an architecture that is not listed. */
  readonly foreignAction: SeccompDefaultAction
  /** In libseccomp's words: x86_64, x86, x32, aarch64, arm … The one this runs on is always there. */
  readonly architectures: readonly string[]
  readonly rules: readonly SeccompRule[]
  /** Whether calls with a number above every named one answer ENOSYS, as on a kernel that does not have them yet. */
  readonly newerUnknown: boolean
}
