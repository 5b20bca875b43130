import type { GroupDir } from '@tsbox/cgroups'
import { KERNEL, type Op, type Plan, PROTOCOL, SUPERVISE_FLAGS } from '@tsbox/protocol'
import type { OciConfig, OciProcess } from '@tsbox/spec'
import { joinGroupOps, openGroupOps, removeGroupOps } from './group.ts'
import { becomeOps, execOps, fewRightsOps, type Program, TO_SUPERVISOR, terminalOp } from './identity.ts'
import type { Attachments, Filter, Handback } from './input.ts'
import { selfOps } from './labels.ts'
import { CLONE_FLAG, inUserNamespace, rootOfNamespace } from './namespaces.ts'
import { listenerOps } from './notify.ts'
import { personaOf } from './persona.ts'
import { keyringName } from './plan-container.ts'
import { affinityOps } from './schedule.ts'
import { CONTAINER_SLOTS as SLOTS } from './slots.ts'

export interface ExecInput extends Attachments {
  readonly id: string
  readonly bundle: string
  /** The container's; what the process does not say for itself is as init has it. */
  readonly config: OciConfig
  readonly process: OciProcess
  readonly init: { readonly pid: number; readonly started: bigint }
  /** The directories of the container's group, or of the group inside it that was asked for. */
  readonly dirs: readonly GroupDir[]
  /** A group of its own inside the container's, so that all that comes of this process can be killed. */
  readonly ownGroup: { readonly mount: string; readonly path: string } | undefined
  readonly filter: Filter | undefined
  readonly detach: boolean
  readonly newKeyring: boolean
  readonly nofile: { readonly soft: number; readonly hard: number }
  /** Capabilities there are to be had here, as a mask. */
  readonly capabilities: bigint
  readonly setGroups: boolean
  readonly handback: Handback
}

const GROUP_FLAGS = KERNEL.O_RDONLY | KERNEL.O_DIRECTORY

/** All namespaces of a process at once; that of processes is for children only (setns(2)). */
const namespacesOf = ({ linux }: OciConfig): bigint =>
  BigInt((linux.namespaces ?? []).reduce((flags, { type }) => flags | CLONE_FLAG[type], CLONE_FLAG.mount))

/**
 * A process that joins a running container. It is born in the container's cgroups and enters its namespaces by a handle of its
 * init, which cannot become another process meanwhile.
 */
export const planExec = (input: ExecInput): Plan => ({
  outer: [
    { op: 'handback', ...input.handback, always: 0 },
    { op: 'openProcess', slot: SLOTS.process, ...input.init },
    ...groupOps(input),
    ...(input.consoleSocket === undefined
      ? []
      : [{ op: 'connect', slot: SLOTS.keptConsole, path: input.consoleSocket } as const]),
    ...listenerOps(input, 'running'),
    ...affinityOps(input.process.execCPUAffinity?.initial),
    { op: 'clone', flags: 0n, cgroup: bornIn(input) },
    { op: 'started' },
    ...(input.pidFile === undefined ? [] : [{ op: 'writePid', path: input.pidFile, line: 0 } as const]),
    input.detach
      ? { op: 'detach' }
      : {
          op: 'supervise',
          timeoutMs: 0,
          stopSignal: 15,
          stopTimeoutMs: 10_000,
          flags: relaysTerminal(input) ? SUPERVISE_FLAGS.terminal : 0,
        },
  ],
  inner: inner(input),
  teardown: removeGroupOps(
    input.ownGroup === undefined
      ? undefined
      : { path: input.ownGroup.path, dirs: [{ version: 2, controllers: [], ...input.ownGroup }] },
  ),
})

const hasPidNamespace = ({ linux }: OciConfig): boolean =>
  linux.namespaces?.some(({ type }) => type === 'pid') ?? false

const relaysTerminal = ({ process, consoleSocket }: ExecInput): boolean =>
  process.terminal === true && consoleSocket === undefined

const groupOps = ({ dirs, ownGroup }: ExecInput): readonly Op[] => [
  ...openGroupOps(dirs, GROUP_FLAGS),
  ...(ownGroup === undefined
    ? []
    : [
        {
          op: 'makeCgroup',
          slot: OWN_GROUP,
          ...ownGroup,
          enable: null,
          inherit: [],
          // Of a detached process nobody waits for the end: its group stays, empty, until the container is deleted.
          reuse: 1,
        } as const,
        { op: 'own' } as const,
      ]),
]

const OWN_GROUP = SLOTS.group + 31

const bornIn = ({ dirs, ownGroup }: ExecInput): number => {
  if (ownGroup !== undefined) return OWN_GROUP
  const index = dirs.findIndex(({ version }) => version === 2)
  return index < 0 ? PROTOCOL.noSlot : SLOTS.group + index
}

const inner = (input: ExecInput): readonly Op[] => {
  const { config, process } = input
  const program: Program = {
    process,
    filter: input.filter,
    nofile: input.nofile,
    capabilities: input.capabilities,
    keyring: input.newKeyring ? keyringName(input.id) : null,
    setGroups: input.setGroups,
    persona: personaOf(config.linux),
  }
  return [
    ...joinGroupOps({ path: '', dirs: input.dirs, writes: [], deviceWrites: [], deviceProgram: undefined }),
    ...selfOps(process),
    { op: 'joinNamespaces', from: SLOTS.process, flags: namespacesOf(config) },
    ...(inUserNamespace(config.linux) ? [rootOfNamespace(input.setGroups)] : []),
    { op: 'newSession', keyring: program.keyring },
    ...(process.terminal === true ? FIND_TERMINALS : []),
    { op: 'closeFds', preserve: input.preserveFds, keep: process.terminal === true ? keptFor(input) : [] },
    ...(process.terminal === true
      ? becomeOps(program, [...fewRightsOps(program), ...appearOps(config), ownTerminal(input)])
      : [...becomeOps(program), ...appearOps(config)]),
    ...(input.detach ? [{ op: 'outlive' } as const] : []),
    ...affinityOps(process.execCPUAffinity?.final),
    ...execOps(program),
  ]
}

/**
 * Only now can the container's own processes see this one, and one of them with CAP_SYS_PTRACE could take hold of it: it holds
 * nothing of the host any more, and, but for what it takes to open a terminal, no right beyond its program's (CVE-2016-9962).
 */
const appearOps = (config: OciConfig): readonly Op[] =>
  hasPidNamespace(config) ? [{ op: 'fork' }, { op: 'newSession', keyring: null }] : []

/** The container's own devpts, found from its root without following a link; openTerminal checks that it is one. */
const FIND_TERMINALS: readonly Op[] = [
  { op: 'open', slot: SLOTS.place, path: '/', flags: KERNEL.O_PATH | KERNEL.O_DIRECTORY },
  { op: 'openInside', slot: SLOTS.keptPts, root: SLOTS.place, path: '/dev/pts', make: 0, nofollow: 1 },
]

const keptFor = ({ consoleSocket }: ExecInput): number[] =>
  consoleSocket === undefined ? [SLOTS.keptPts] : [SLOTS.keptPts, SLOTS.keptConsole]

const ownTerminal = ({ process, consoleSocket }: ExecInput): Op =>
  terminalOp(process, {
    pts: SLOTS.keptPts,
    to: consoleSocket === undefined ? TO_SUPERVISOR : SLOTS.keptConsole,
    console: PROTOCOL.noSlot,
  })
