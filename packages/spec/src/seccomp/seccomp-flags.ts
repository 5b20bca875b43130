import type { OciSeccomp } from '../oci/seccomp.ts'
import { seccompError } from './seccomp-error.ts'

/** SECCOMP_FILTER_FLAG_* of seccomp(2). TSYNC is for the other threads of a program, and whoever execs has none. */
const FLAGS: ReadonlyMap<string, number> = new Map([
  ['SECCOMP_FILTER_FLAG_TSYNC', 0],
  ['SECCOMP_FILTER_FLAG_LOG', 2],
  ['SECCOMP_FILTER_FLAG_SPEC_ALLOW', 4],
  ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV', 32],
])
const NEW_LISTENER = 8
const WAIT_KILLABLE_RECV = 32

/** Whether a profile has calls that an agent at `listenerPath` is asked about. */
export const seccompNotifies = (profile: OciSeccomp): boolean =>
  (profile.syscalls ?? []).some(({ action }) => action === 'SCMP_ACT_NOTIFY')

/**
 * The flags for seccomp(2): those of the profile, and that of a listener when there is something to ask it.
 * WAIT_KILLABLE_RECV is about the listener; without one the kernel refuses it, so it is left out.
 *
 * @throws TsboxError ERR_TSBOX_SPEC when a flag does not exist
 */
export const seccompFlags = (profile: OciSeccomp): number => {
  const asked = (profile.flags ?? []).reduce((bits, name, i) => {
    const flag = FLAGS.get(name)
    if (flag !== undefined) return bits | flag
    const known = [...FLAGS.keys()].join(', ')
    throw seccompError(`flags[${i}]`, `there is no flag ${JSON.stringify(name)}`, `Give one of ${known}.`)
  }, 0)
  return seccompNotifies(profile) ? asked | NEW_LISTENER : asked & ~WAIT_KILLABLE_RECV
}
