import { type Op, PROTOCOL, RLIM_INFINITY } from '@tsbox/protocol'
import { type Capability, capabilityMask, capabilitySets, type OciProcess, RLIMITS } from '@tsbox/spec'
import { searchPaths } from '../search-paths.ts'
import type { Filter } from './input.ts'
import { scheduleOps } from './schedule.ts'

/** What init and a process that joins later have in common. */
export interface Program {
  readonly process: OciProcess
  readonly filter: Filter | undefined
  readonly nofile: { readonly soft: number; readonly hard: number }
  /** Those there are to be had here, as a mask. */
  readonly capabilities: bigint
  /** The name of the session keyring, or none to keep the caller's. */
  readonly keyring: string | null
  /** False in a user namespace whose map forbids it. */
  readonly setGroups: boolean
  /** `personality` of the configuration, as personality(2) has it. */
  readonly persona: number | undefined
}

const RLIMIT_DEFAULTS = ['nofile'] as const

/** Limits of the configuration; of the others only the number of open files, which Node raised and the caller did not. */
export const rlimitOps = ({ process, nofile }: Program): readonly Op[] => {
  const given = process.rlimits ?? []
  const named = new Set(given.map(({ type }) => resourceOf(type)))
  return [
    ...RLIMIT_DEFAULTS.filter(name => !named.has(RLIMITS.indexOf(name))).map(
      (name): Op => ({
        op: 'setRlimit',
        resource: RLIMITS.indexOf(name),
        soft: BigInt(nofile.soft),
        hard: BigInt(nofile.hard),
      }),
    ),
    ...given.map(
      ({ type, soft, hard }): Op => ({
        op: 'setRlimit',
        resource: resourceOf(type),
        soft: limit(soft),
        hard: limit(hard),
      }),
    ),
  ]
}

const resourceOf = (type: string): number =>
  RLIMITS.findIndex(name => `RLIMIT_${name.toUpperCase()}` === type)

const limit = (value: number | bigint): bigint =>
  BigInt(value) === RLIM_INFINITY ? RLIM_INFINITY : BigInt(value)

const SYS_ADMIN = capabilityMask(['SYS_ADMIN'])
/** To open a terminal, and to become the user of the program. */
const OPENING = capabilityMask(['CHOWN', 'DAC_OVERRIDE', 'SETGID', 'SETUID', 'SETPCAP'])

/** Without no_new_privs only a process with CAP_SYS_ADMIN may put a filter on. */
const keptFor = ({ process, filter }: Program): bigint =>
  filter !== undefined && process.noNewPrivileges !== true ? SYS_ADMIN : 0n

/** For who opens a terminal where processes of the container can see it: rights of the program, and few more. */
export const fewRightsOps = (program: Program): readonly Op[] => {
  const { bounding, permitted } = capabilitySets(program.process.capabilities).sets
  const few = (capabilityMask(permitted) | OPENING | keptFor(program)) & program.capabilities
  return [
    { op: 'boundCaps', keep: capabilityMask(bounding) & program.capabilities },
    { op: 'setCaps', permitted: few, effective: few, inheritable: 0n, ambient: 0n },
  ]
}

/**
 * The user and the rights of the program. Without no_new_privs only a process with CAP_SYS_ADMIN may put a filter on, so that is
 * kept until then; execve(2) works out the program's rights anew, and nothing of it is left.
 */
export const rightsOps = (program: Program): readonly Op[] => {
  const { process, setGroups, capabilities } = program
  const { sets } = capabilitySets(process.capabilities)
  // What cannot be granted is left out, with a warning from whoever planned this (config.md, "Linux Process").
  const maskOf = (names: readonly Capability[]) => capabilityMask(names) & capabilities
  const kept = keptFor(program)
  const { uid, gid, additionalGids = [] } = process.user
  return [
    { op: 'boundCaps', keep: maskOf(sets.bounding) },
    { op: 'setIds', uid, gid, groups: [...new Set(additionalGids)], setGroups: setGroups ? 1 : 0 },
    {
      op: 'setCaps',
      permitted: maskOf(sets.permitted) | kept,
      effective: maskOf(sets.effective) | kept,
      inheritable: maskOf(sets.inheritable),
      // Only what is permitted and inheritable can be ambient (capabilities(7)).
      ambient: maskOf(sets.ambient) & maskOf(sets.permitted) & maskOf(sets.inheritable),
    },
    ...(process.noNewPrivileges === true ? [{ op: 'noNewPrivs' } as const] : []),
  ]
}

/**
 * From the finished root to a process that could run its program at once.
 *
 * @param between what is done while there are rights left to give up
 */
export const becomeOps = (program: Program, between: readonly Op[] = []): readonly Op[] => {
  const { process, persona } = program
  return [
    ...rlimitOps(program),
    ...scheduleOps(process),
    ...(persona === undefined ? [] : [{ op: 'personality', persona } as const]),
    { op: 'changeDir', path: process.cwd },
    { op: 'setUmask', mask: process.user.umask ?? 0o022 },
    ...between,
    ...rightsOps(program),
    // What the root has for accounts is read with the program's rights, so that a link there leads to nothing that only ours can read.
    { op: 'findHome', uid: process.user.uid },
    { op: 'findProgram', paths: pathsOf(process) },
  ]
}

const pathsOf = ({ args, env = [] }: OciProcess): readonly string[] => {
  const path = env.findLast(entry => entry.startsWith('PATH='))?.slice('PATH='.length)
  return searchPaths(args[0] ?? '', path)
}

/** The filter is put on by exec itself; what is `between` runs under it too. */
export const execOps = (
  { process, filter }: Pick<Program, 'process' | 'filter'>,
  between: readonly Op[] = [],
): readonly Op[] => [
  ...(filter === undefined ? [] : [{ op: 'seccomp', flags: filter.flags, program: filter.program } as const]),
  ...between,
  { op: 'exec', paths: pathsOf(process), argv: process.args, env: process.env ?? [] },
]

/** A terminal, handed to a socket or to the supervisor, and kept as a mount for the console. */
export const terminalOp = (
  { user, consoleSize }: OciProcess,
  slots: { readonly pts: number; readonly to: number; readonly console: number },
): Op => ({
  op: 'openTerminal',
  ...slots,
  uid: user.uid,
  rows: consoleSize?.height ?? 0,
  columns: consoleSize?.width ?? 0,
})

/** No slot: the supervisor. */
export const TO_SUPERVISOR = PROTOCOL.noSlot
