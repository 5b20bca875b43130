import type { SeccompAction } from '@tsbox/sys'
import { seccompError } from './seccomp-error.ts'

const EPERM = 1

const PLAIN = {
  SCMP_ACT_ALLOW: 'allow',
  SCMP_ACT_KILL: 'killThread',
  SCMP_ACT_KILL_PROCESS: 'killProcess',
  SCMP_ACT_KILL_THREAD: 'killThread',
  SCMP_ACT_LOG: 'log',
  SCMP_ACT_NOTIFY: 'notify',
  SCMP_ACT_TRAP: 'trap',
} as const

/** The largest value each takes: libseccomp's for an error number, 16 bits for what a tracer is told. */
const VALUED = {
  SCMP_ACT_ERRNO: { kind: 'errno', most: 4094 },
  SCMP_ACT_TRACE: { kind: 'trace', most: 65_535 },
} as const

export const ACTION_NAMES: readonly string[] = [...Object.keys(PLAIN), ...Object.keys(VALUED)]

/** Where an action and its error number stand in the configuration, for messages. */
export interface ActionFields {
  readonly action: string
  readonly errno: string
}

/**
 * An action of a configuration (config-linux.md, "Seccomp"). An error number that is not given is EPERM; one beside an
 * action that has none is an error, as the specification asks.
 *
 * @throws TsboxError ERR_TSBOX_SPEC
 */
export const seccompAction = (
  name: unknown,
  errnoRet: number | undefined,
  fields: ActionFields,
): SeccompAction => {
  const known = typeof name === 'string' && ACTION_NAMES.includes(name)
  if (!known) {
    const what = name === undefined ? 'is missing' : `there is no action ${JSON.stringify(name)}`
    throw seccompError(fields.action, what, `Give one of ${ACTION_NAMES.join(', ')}.`)
  }
  if (name in PLAIN) {
    if (errnoRet === undefined) return { kind: PLAIN[name as keyof typeof PLAIN] }
    throw seccompError(
      fields.errno,
      `${name} returns no error number`,
      `Leave it out, or use SCMP_ACT_ERRNO or SCMP_ACT_TRACE.`,
    )
  }
  const { kind, most } = VALUED[name as keyof typeof VALUED]
  const value = errnoRet ?? EPERM
  if (Number.isInteger(value) && value >= 0 && value <= most) return { kind, value }
  throw seccompError(fields.errno, `${value} is out of range`, `${name} takes 0 to ${most}.`)
}
