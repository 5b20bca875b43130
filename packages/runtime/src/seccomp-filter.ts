import { TsboxError } from '@tsbox/errors'
import { type Machine, type OciSeccomp, seccompFlags, seccompNotifies, seccompRules } from '@tsbox/spec'
import { compileSeccomp, hasSeccompFlags, libseccompFile } from '@tsbox/sys'
import { FILTER_CACHE, readFilter, writeFilter } from './filter-cache.ts'

/** A filter as seccomp(2) takes it. */
export interface SeccompFilter {
  /** `struct sock_filter[]`. */
  readonly program: Buffer
  /** SECCOMP_FILTER_FLAG_* */
  readonly flags: number
  /** Whether there are calls that an agent is asked about; NEW_LISTENER is among the flags then. */
  readonly notify: boolean
}

/** Raised when the same profile is compiled to something else than before. */
const FORMAT = 1

/**
 * The filter of a profile: from the cache if it was compiled since the machine started, else compiled and kept. Only
 * compiling loads native code.
 *
 * @throws TsboxError ERR_TSBOX_SPEC when the profile is wrong; ERR_TSBOX_HOST when this machine, its libseccomp or its
 *   kernel cannot do what it asks for
 */
export const seccompFilter = (
  profile: OciSeccomp,
  { directory = FILTER_CACHE }: { readonly directory?: string } = {},
): SeccompFilter => {
  const flags = seccompFlags(profile)
  const library = libseccompFile()
  // A library found only by the dynamic linker cannot be told from its successor.
  const identity = library === undefined ? undefined : identityOf(profile, library)
  const kept = identity === undefined ? undefined : readFilter(directory, identity)
  const program = kept ?? compiled(profile, flags)
  if (kept === undefined && identity !== undefined) writeFilter(directory, identity, program)
  return { program, flags, notify: seccompNotifies(profile) }
}

const compiled = (profile: OciSeccomp, flags: number): Buffer => {
  const { program } = compileSeccomp(seccompRules(profile, machine()))
  if (flags === 0 || hasSeccompFlags(flags)) return program
  throw new TsboxError('ERR_TSBOX_HOST', `this kernel lacks a flag of ${JSON.stringify(profile.flags)}`, {
    hint: 'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV came with Linux 5.19; leave it out or use a newer kernel.',
    step: 'linux.seccomp.flags',
  })
}

/** @throws TsboxError ERR_TSBOX_HOST on a machine there are no filters for yet */
export const machine = (): Machine => {
  if (process.arch === 'x64' || process.arch === 'arm64') return process.arch
  throw new TsboxError('ERR_TSBOX_HOST', `there are no system call filters for ${process.arch} yet`, {
    hint: 'Run it on x86-64 or arm64.',
    step: 'seccomp',
  })
}

/**
 * All that decides what a profile is compiled to, as one text: equal for equal profiles, however their numbers and
 * missing fields are written.
 */
const identityOf = (profile: OciSeccomp, library: string): string => {
  const rules = (profile.syscalls ?? []).map(({ names, action, errnoRet = '', args = [] }) => [
    action,
    errnoRet,
    names,
    args.map(({ index, op, value, valueTwo = 0 }) => `${index} ${op} ${value} ${valueTwo}`),
  ])
  const { defaultAction, defaultErrnoRet = '', architectures = [], flags = [] } = profile
  const usual = [defaultAction, defaultErrnoRet, architectures, flags]
  return JSON.stringify([FORMAT, process.arch, library, usual, rules])
}
