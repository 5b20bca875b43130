import { CLAIM, KERNEL, type Op, type Plan, PROTOCOL, SUPERVISE_FLAGS } from '@tsbox/protocol'
import { deviceOps } from './devices.ts'
import {
  bornIn,
  joinGroupOps,
  limitOps,
  makeGroupOps,
  removeGroupOps,
  scopeOps,
  stopScopeOps,
} from './group.ts'
import { hookOps, lastOps } from './hooks.ts'
import { becomeOps, type Program, TO_SUPERVISOR, terminalOp } from './identity.ts'
import type { ContainerInput } from './input.ts'
import { selfOps } from './labels.ts'
import { mountOps, sourceOps } from './mounts.ts'
import {
  becomeOps as becomeNamespaceOps,
  cloneFlags,
  enterOps,
  has,
  inUserNamespace,
  mapOps,
  maySetGroups,
  namespacesOf,
  rootOfNamespace,
} from './namespaces.ts'
import { moveDeviceOps, restoreDeviceOps } from './net-devices.ts'
import { listenerOps } from './notify.ts'
import { coverOps, sysctlOps } from './paths.ts'
import { personaOf } from './persona.ts'
import { listens, propagationFlag, rootPropagation } from './propagation.ts'
import { CONTAINER_SLOTS as SLOTS } from './slots.ts'

const RDONLY = BigInt(KERNEL.MOUNT_ATTR_RDONLY)
const MEET: Op = { op: 'meet' }

/**
 * A container and its host in, the ordered list of operations out (runtime-spec, runtime.md, "Lifecycle", 2 to 9). Pure.
 */
export const planContainer = (input: ContainerInput): Plan => ({
  outer: [
    { op: 'handback', ...input.handback, always: 0 },
    { op: 'claim', slot: SLOTS.state, path: input.stateDir, reclaim: CLAIM.refuse },
    ...Object.entries(input.stateFiles).map(
      ([path, data]): Op => ({ op: 'makeFile', root: SLOTS.state, path, mode: 0o600, data }),
    ),
    ...(input.group?.scope === undefined ? [...makeGroupOps(input.group), ...limitOps(input.group)] : []),
    ...(input.consoleSocket === undefined
      ? []
      : [{ op: 'connect', slot: SLOTS.console, path: input.consoleSocket } as const]),
    ...(input.mode === 'create'
      ? [{ op: 'listen', slot: SLOTS.gate, dir: SLOTS.state, name: 'gate' } as const]
      : listenerOps(input)),
    ...(isRootOuter(input) ? [openRoot(input)] : []),
    ...sourceOps(input),
    ...enterOps(input.config.linux),
    { op: 'clone', flags: cloneFlags(input.config.linux), cgroup: bornIn(input.group) },
    ...mapOps(input),
    ...rendezvous(input).flatMap(stop => [MEET, ...stop.outer]),
    ...ending(input),
  ],
  inner: inner(input),
  teardown: [
    ...removeGroupOps(input.group),
    { op: 'release', path: input.stateDir },
    // Also of one that did not come to be (runtime-spec, runtime.md, "Lifecycle", 6 and 13).
    ...hookOps('poststop', input),
  ],
})

/** What is done on the host when the container's namespaces and mounts are there, and its root not yet entered. */
const runtimeOps = (input: ContainerInput): readonly Op[] => [
  ...moveDeviceOps(input),
  ...hookOps('prestart', input),
  ...hookOps('createRuntime', input),
]

/** Where supervisor and init wait for each other, and what the supervisor does before it goes on. */
const rendezvous = (input: ContainerInput): readonly { readonly outer: readonly Op[] }[] => {
  const runtime = runtimeOps(input)
  return [
    ...(input.group?.scope === undefined ? [] : [{ outer: scopeOps(input.group) }, { outer: [] }]),
    ...(hasNewUserNamespace(input) ? [{ outer: [] }] : []),
    ...(runtime.length > 0 ? [{ outer: runtime }, { outer: [] }] : []),
    ...(input.mode === 'create' ? [{ outer: [] }] : []),
  ]
}

const ending = (input: ContainerInput): readonly Op[] => {
  const told: readonly Op[] = [
    { op: 'writePid', path: `${input.stateDir}/process`, line: 1 },
    ...(input.pidFile === undefined ? [] : [{ op: 'writePid', path: input.pidFile, line: 0 } as const]),
  ]
  if (input.mode === 'create') return [...told, { op: 'detach' }]
  const running: readonly Op[] = [{ op: 'started' }, ...told, ...hookOps('poststart', input)]
  if (input.mode === 'detached') return [...running, { op: 'detach' }]
  return [
    ...running,
    {
      op: 'supervise',
      timeoutMs: 0,
      stopSignal: 15,
      stopTimeoutMs: 10_000,
      flags: relaysTerminal(input) ? SUPERVISE_FLAGS.terminal : 0,
    },
    ...stopScopeOps(input.group),
  ]
}

const relaysTerminal = ({ config, consoleSocket }: ContainerInput): boolean =>
  config.process.terminal === true && consoleSocket === undefined

const hasNewUserNamespace = ({ config }: ContainerInput): boolean =>
  namespacesOf(config.linux).fresh.includes('user')

const inner = (input: ContainerInput): readonly Op[] => {
  const { config } = input
  const program = programOf(input)
  return [
    ...(input.group?.scope === undefined ? [] : [MEET, MEET]),
    ...joinGroupOps(input.group),
    ...selfOps(config.process),
    ...(hasNewUserNamespace(input) ? [MEET, rootOfNamespace(maySetGroups(input))] : []),
    ...becomeNamespaceOps(config.linux),
    ...nameOps(input),
    ...rootOps(input),
    ...mountOps(input),
    ...deviceOps(input),
    ...sysctlOps(input),
    ...(config.process.cwd === '/'
      ? []
      : [{ op: 'makeDir', root: SLOTS.root, path: config.process.cwd, mode: 0o755 } as const]),
    ...(runtimeOps(input).length > 0 ? [MEET, MEET] : []),
    ...restoreDeviceOps(input),
    ...hookOps('createContainer', input),
    { op: 'newSession', keyring: program.keyring },
    ...consoleOps(input),
    ...coverOps(input),
    ...(config.root.readonly === true
      ? [{ op: 'setMountAttributes', mount: SLOTS.root, set: RDONLY, clear: 0n, recursive: 0 } as const]
      : []),
    { op: input.noPivot ? 'moveRoot' : 'pivotRoot', root: SLOTS.root },
    ...finalPropagation(input),
    { op: 'closeFds', preserve: input.preserveFds, keep: input.mode === 'create' ? [SLOTS.gate] : [] },
    ...becomeOps(program),
    ...(input.mode === 'foreground' ? [] : [{ op: 'outlive' } as const]),
    ...(input.mode === 'create' ? [MEET, { op: 'gate', slot: SLOTS.gate } as const] : []),
    ...lastOps(input, program),
  ]
}

const programOf = (input: ContainerInput): Program => ({
  process: input.config.process,
  filter: input.filter,
  nofile: input.nofile,
  capabilities: input.capabilities,
  keyring: input.newKeyring ? keyringName(input.id) : null,
  setGroups: inUserNamespace(input.config.linux) ? maySetGroups(input) : true,
  persona: personaOf(input.config.linux),
})

/** One keyring for all processes of a container, so that they share what they put there. */
export const keyringName = (id: string): string => `_ses.${id}`

const nameOps = ({ config }: ContainerInput): readonly Op[] => [
  ...(config.hostname === undefined ? [] : [{ op: 'setHostname', name: config.hostname } as const]),
  ...(config.domainname === undefined ? [] : [{ op: 'setDomainname', name: config.domainname } as const]),
  ...(namespacesOf(config.linux).fresh.includes('network')
    ? [{ op: 'interfaceUp', name: 'lo' } as const]
    : []),
]

/** The root's tree, taken on the host's side where it is to hear of the host's mounts, or where init could not reach it. */
const openRoot = ({ rootPath }: ContainerInput): Op => ({
  op: 'openTree',
  slot: SLOTS.root,
  from: PROTOCOL.noSlot,
  path: rootPath,
  recursive: 1,
})

const isRootOuter = ({ config, rootless }: ContainerInput): boolean =>
  !rootless && (listens(rootPropagation(config)) || inUserNamespace(config.linux))

/** The root is bound on itself, by descriptor, and is a mount from then on. No mount event travels between it and the host. */
const rootOps = (input: ContainerInput): readonly Op[] => {
  const { config, rootPath } = input
  return [
    ...(has(config.linux, 'mount')
      ? [
          {
            op: 'setPropagation',
            path: '/',
            flags: BigInt(KERNEL.MS_REC | KERNEL.MS_PRIVATE),
          } as const,
        ]
      : []),
    { op: 'open', slot: SLOTS.place, path: rootPath, flags: KERNEL.O_PATH | KERNEL.O_DIRECTORY },
    ...(isRootOuter(input) ? [] : [openRoot(input)]),
    // Never shared: pivot_root(2) would not take it, and what the container mounts would appear on the host.
    {
      op: 'setMountPropagation',
      mount: SLOTS.root,
      propagation: propagationFlag(listens(rootPropagation(config)) ? 'slave' : 'private'),
      recursive: 1,
    },
    { op: 'attach', mount: SLOTS.root, root: SLOTS.place, target: '.', make: 0, nofollow: 0 },
  ]
}

const finalPropagation = ({ config }: ContainerInput): readonly Op[] => {
  const wanted = rootPropagation(config)
  if (wanted === undefined || wanted.type === 'private') return []
  const recursive = wanted.recursive ? BigInt(KERNEL.MS_REC) : 0n
  return [{ op: 'setPropagation', path: '/', flags: propagationFlag(wanted.type) | recursive }]
}

const consoleOps = (input: ContainerInput): readonly Op[] => {
  const { process } = input.config
  if (process.terminal !== true) return []
  const to = input.consoleSocket === undefined ? TO_SUPERVISOR : SLOTS.console
  return [
    { op: 'openInside', slot: SLOTS.pts, root: SLOTS.root, path: '/dev/pts', make: 0, nofollow: 1 },
    terminalOp(process, { pts: SLOTS.pts, to, console: SLOTS.passing }),
    // A link there, or a file that leads elsewhere, is not followed (CVE-2025-52565).
    { op: 'attach', mount: SLOTS.passing, root: SLOTS.dev, target: 'console', make: 2, nofollow: 1 },
  ]
}
