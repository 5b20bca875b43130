export { libseccompFile, seccompVersion } from './libseccomp.ts'
export { tryLock } from './lock.ts'
export { hasSystemCall, NEEDED_CALLS } from './probe.ts'
export { type CompiledSeccomp, compileSeccomp } from './seccomp.ts'
export { hasSeccompFlags } from './seccomp-flags.ts'
export type {
  SeccompAction,
  SeccompCondition,
  SeccompDefaultAction,
  SeccompOperator,
  SeccompRule,
  SeccompRules,
} from './seccomp-rules.ts'
