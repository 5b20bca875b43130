import type { SeccompAction, SeccompDefaultAction, SeccompRule, SeccompRules } from '@tsbox/sys'
import type { OciSeccomp, OciSyscallRule } from '../oci/seccomp.ts'
import { libseccompArchitecture, type Machine, OCI_ARCHITECTURES } from './machine.ts'
import { seccompAction } from './seccomp-action.ts'
import { seccompCondition } from './seccomp-condition.ts'
import { seccompError } from './seccomp-error.ts'

const ENOSYS = 38

/**
 * What a profile means, for libseccomp; runc reads profiles the same way.
 *
 * - The machine's own architecture is always among those let in. A call of one that is not listed ends the process.
 * - When two conditions of a rule look at the same argument, each condition of it is a rule of its own: one has to hold.
 *   Else all have to.
 * - When the default refuses (an error other than ENOSYS, a trap, a kill), calls newer than any named one answer ENOSYS.
 * - SCMP_ACT_NOTIFY is no default. Any named call may have it, `write` too: whoever puts the filter on needs no call
 *   after that but execve.
 *
 * @throws TsboxError ERR_TSBOX_SPEC, with the path of the field
 */
export const seccompRules = (profile: OciSeccomp, machine: Machine): SeccompRules => {
  const fields = { action: 'defaultAction', errno: 'defaultErrnoRet' }
  const usual = asDefault(seccompAction(profile.defaultAction, profile.defaultErrnoRet, fields))
  return {
    defaultAction: usual,
    foreignAction: { kind: 'killProcess' },
    architectures: architectures(profile, machine),
    newerUnknown: refuses(usual),
    rules: (profile.syscalls ?? []).flatMap((rule, i) => rulesOf(rule, `syscalls[${i}]`)),
  }
}

const asDefault = (action: SeccompAction): SeccompDefaultAction => {
  if (action.kind !== 'notify') return action
  throw seccompError(
    'defaultAction',
    'SCMP_ACT_NOTIFY cannot be the default',
    'Name the calls that are to be asked about in syscalls.',
  )
}

/** A tracer answers for calls it does not know itself, so that `trace` counts as letting through. */
const refuses = (action: SeccompDefaultAction): boolean =>
  !['allow', 'log', 'trace'].includes(action.kind) && !(action.kind === 'errno' && action.value === ENOSYS)

const architectures = (profile: OciSeccomp, machine: Machine): readonly string[] => {
  const names = (profile.architectures ?? []).map((name, i) => {
    const known = libseccompArchitecture(name)
    if (known !== undefined) return known
    const what = `there is no architecture ${JSON.stringify(name)}`
    throw seccompError(
      `architectures[${i}]`,
      what,
      `Give SCMP_ARCH_ names, such as ${OCI_ARCHITECTURES.x64}.`,
    )
  })
  const own = libseccompArchitecture(OCI_ARCHITECTURES[machine]) ?? ''
  return [...new Set([own, ...names])]
}

const rulesOf = (rule: OciSyscallRule, path: string): readonly SeccompRule[] => {
  const fields = { action: `${path}.action`, errno: `${path}.errnoRet` }
  const action = seccompAction(rule.action, rule.errnoRet, fields)
  const conditions = (rule.args ?? []).map((arg, i) => seccompCondition(arg, `${path}.args[${i}]`))
  const distinct = new Set(conditions.map(({ index }) => index)).size === conditions.length
  const choices = distinct ? [conditions] : conditions.map(condition => [condition])
  return rule.names.flatMap((name, i) => {
    if (name === '') throw seccompError(`${path}.names[${i}]`, 'is empty', 'Give the name of a system call.')
    return choices.map(choice => ({ action, name, conditions: choice }))
  })
}
