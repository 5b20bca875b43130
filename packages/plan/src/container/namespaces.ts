import { KERNEL, type Op } from '@tsbox/protocol'
import { NAMESPACE_TYPES, type OciIdMapping, type OciLinux, type OciNamespaceType } from '@tsbox/spec'
import type { ContainerInput } from './input.ts'
import { CONTAINER_SLOTS } from './slots.ts'
import { PID } from './state-text.ts'

export const CLONE_FLAG: Readonly<Record<OciNamespaceType, number>> = {
  pid: KERNEL.CLONE_NEWPID,
  network: KERNEL.CLONE_NEWNET,
  mount: KERNEL.CLONE_NEWNS,
  ipc: KERNEL.CLONE_NEWIPC,
  uts: KERNEL.CLONE_NEWUTS,
  user: KERNEL.CLONE_NEWUSER,
  cgroup: KERNEL.CLONE_NEWCGROUP,
  time: KERNEL.CLONE_NEWTIME,
}

/** Which namespaces are new, and which are those of somebody else. */
export interface Namespaces {
  readonly fresh: readonly OciNamespaceType[]
  readonly joined: readonly {
    readonly type: OciNamespaceType
    readonly path: string
    readonly slot: number
  }[]
}

export const namespacesOf = (linux: OciLinux): Namespaces => {
  const given = linux.namespaces ?? []
  return {
    fresh: given.filter(({ path }) => path === undefined).map(({ type }) => type),
    joined: given.flatMap(({ type, path }) =>
      path === undefined
        ? []
        : [{ type, path, slot: CONTAINER_SLOTS.namespaces + NAMESPACE_TYPES.indexOf(type) }],
    ),
  }
}

export const has = (linux: OciLinux, type: OciNamespaceType): boolean =>
  linux.namespaces?.some(namespace => namespace.type === type) ?? false

/** Whether the container has a user namespace, its own or another's: then its root is not the host's. */
export const inUserNamespace = (linux: OciLinux): boolean => has(linux, 'user')

const flagsOf = (types: readonly OciNamespaceType[]): bigint =>
  BigInt(types.reduce((flags, type) => flags | CLONE_FLAG[type], 0))

/**
 * The supervisor's part: namespaces that exist are opened while the host can still be seen; children of ours are to be born in
 * a pid namespace that exists, and with clocks that were set.
 */
export const enterOps = (linux: OciLinux): readonly Op[] => {
  const { joined } = namespacesOf(linux)
  return [
    ...joined.map(
      ({ path, slot }): Op => ({ op: 'open', slot, path, flags: KERNEL.O_RDONLY | KERNEL.O_NONBLOCK }),
    ),
    ...joined
      .filter(({ type }) => type === 'pid')
      .map(({ slot }): Op => ({ op: 'joinNamespaces', from: slot, flags: flagsOf(['pid']) })),
    ...clockOps(linux),
  ]
}

/** The clocks of a time namespace can be set until the first process is in it (time_namespaces(7)). */
const clockOps = ({ timeOffsets = {} }: OciLinux): readonly Op[] => {
  const lines = Object.entries(timeOffsets).map(
    ([clock, { secs = 0, nanosecs = 0 }]) => `${clock} ${secs} ${nanosecs}\n`,
  )
  if (lines.length === 0) return []
  return [
    { op: 'unshare', flags: flagsOf(['time']) },
    {
      op: 'open',
      slot: CONTAINER_SLOTS.self,
      path: '/proc/self',
      flags: KERNEL.O_RDONLY | KERNEL.O_DIRECTORY,
    },
    { op: 'writeAt', dir: CONTAINER_SLOTS.self, file: 'timens_offsets', data: lines.join('') },
  ]
}

const setsClocks = ({ timeOffsets }: OciLinux): boolean => Object.keys(timeOffsets ?? {}).length > 0

/** What init is born with. Of a user namespace that exists, everything new comes later, inside it. */
export const cloneFlags = (linux: OciLinux): bigint => {
  const { fresh, joined } = namespacesOf(linux)
  if (joined.some(({ type }) => type === 'user')) return 0n
  // The cgroup namespace is rooted where its maker stands, so it follows once init stands in its group.
  return flagsOf(fresh.filter(type => type !== 'cgroup' && !(type === 'time' && setsClocks(linux))))
}

/** Init's part, once it stands in its group. */
export const becomeOps = (linux: OciLinux): readonly Op[] => {
  const { fresh, joined } = namespacesOf(linux)
  const user = joined.find(({ type }) => type === 'user')
  const others = joined.filter(({ type }) => type !== 'user' && type !== 'pid')
  const late = user === undefined ? fresh.filter(type => type === 'cgroup') : fresh
  return [
    ...(user === undefined ? [] : [join(user), rootOfNamespace(true)]),
    ...others.map(join),
    ...(late.length === 0 ? [] : [{ op: 'unshare', flags: flagsOf(late) } as const]),
    ...(user !== undefined && fresh.includes('pid') ? [{ op: 'fork' } as const] : []),
  ]
}

const join = ({ type, slot }: { type: OciNamespaceType; slot: number }): Op => ({
  op: 'joinNamespaces',
  from: slot,
  flags: flagsOf([type]),
})

/** Root of a user namespace is whom its map says; until then a process there is nobody. */
export const rootOfNamespace = (setGroups: boolean): Op => ({
  op: 'setIds',
  uid: 0,
  gid: 0,
  groups: [],
  setGroups: setGroups ? 1 : 0,
})

/** The form of user_namespaces(7): a line for each range. */
export const mapText = (mappings: readonly OciIdMapping[]): string =>
  mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join('')

/** Without the right to set groups a map of groups is only taken when nobody inside can set them either. */
export const maySetGroups = ({
  mapHelpers,
  config,
}: Pick<ContainerInput, 'mapHelpers' | 'config'>): boolean =>
  mapHelpers === undefined || (config.linux.gidMappings ?? []).length > 1

/** The maps of a new user namespace, written from outside: by us, or by the programs that may. */
export const mapOps = (input: ContainerInput): readonly Op[] => {
  const { uidMappings = [], gidMappings = [] } = input.config.linux
  if (!namespacesOf(input.config.linux).fresh.includes('user')) return []
  const { mapHelpers } = input
  if (mapHelpers !== undefined && maySetGroups(input))
    return [mapHelper(mapHelpers.users, uidMappings), mapHelper(mapHelpers.groups, gidMappings)]
  return [
    {
      op: 'mapIds',
      users: mapText(uidMappings),
      groups: mapText(gidMappings),
      setGroups: maySetGroups(input) ? 1 : 0,
    },
  ]
}

const mapHelper = (path: string, mappings: readonly OciIdMapping[]): Op => ({
  op: 'spawn',
  path,
  argv: [
    path,
    PID,
    ...mappings.flatMap(({ containerID, hostID, size }) => [`${containerID}`, `${hostID}`, `${size}`]),
  ],
  env: [],
  input: '',
  timeoutMs: 10_000,
  optional: 0,
})
