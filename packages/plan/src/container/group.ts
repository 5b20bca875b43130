import type { GroupDir } from '@tsbox/cgroups'
import { type Op, PROTOCOL } from '@tsbox/protocol'
import { makeGroupOp } from '../group.ts'
import type { ContainerGroup, HostProgram } from './input.ts'
import { CONTAINER_SLOTS as SLOTS } from './slots.ts'
import { PID } from './state-text.ts'

const slotsOf = ({ dirs }: ContainerGroup): ReadonlyMap<string, number> =>
  new Map(dirs.map((dir, i) => [dir.mount, SLOTS.group + i]))

const devicesDir = ({ dirs }: ContainerGroup): GroupDir | undefined =>
  dirs.find(({ version, controllers }) => version === 1 && controllers.includes('devices'))

/** The group in every hierarchy. One that exists and is empty is taken; what systemd has made has init in it. */
export const makeGroupOps = (group: ContainerGroup | undefined): readonly Op[] =>
  (group?.dirs ?? []).map(
    (dir, i): Op =>
      makeGroupOp(dir, {
        slot: SLOTS.group + i,
        path: group?.path ?? '',
        reuse: group?.scope ? 'any' : 'empty',
      }),
  )

/** Its limits and its devices. */
export const limitOps = (group: ContainerGroup | undefined): readonly Op[] => {
  if (group === undefined) return []
  const slots = slotsOf(group)
  const devices = devicesDir(group)
  const unified = group.dirs.find(({ version }) => version === 2)
  return [
    ...group.writes.map(
      ({ mount, file, value }): Op => ({ op: 'writeAt', dir: slots.get(mount)!, file, data: value }),
    ),
    ...(devices === undefined
      ? []
      : group.deviceWrites.map(
          ({ file, value }): Op => ({ op: 'writeAt', dir: slots.get(devices.mount)!, file, data: value }),
        )),
    ...(group.deviceProgram === undefined || unified === undefined
      ? []
      : [
          {
            op: 'deviceFilter',
            cgroup: slots.get(unified.mount)!,
            program: group.deviceProgram,
          } as const,
        ]),
  ]
}

/** Where clone(2) puts init on cgroup v2, or nowhere. */
export const bornIn = (group: ContainerGroup | undefined): number => {
  if (group?.scope !== undefined) return PROTOCOL.noSlot
  const index = group?.dirs.findIndex(({ version }) => version === 2) ?? -1
  return index < 0 ? PROTOCOL.noSlot : SLOTS.group + index
}

/** Init's part on v1: one thread that moves itself, which needs no lock of all processes. */
export const joinGroupOps = (group: ContainerGroup | undefined): readonly Op[] =>
  (group?.scope ? [] : (group?.dirs ?? [])).flatMap((dir, i): Op[] =>
    dir.version === 1 ? [{ op: 'writeAt', dir: SLOTS.group + i, file: 'tasks', data: '0' }] : [],
  )

/** Moves init to where systemd did not. */
const moveInitOps = ({ dirs }: ContainerGroup): readonly Op[] =>
  dirs.map(
    ({ version }, i): Op => ({
      op: 'writeAt',
      dir: SLOTS.group + i,
      file: version === 1 ? 'tasks' : 'cgroup.procs',
      data: PID,
    }),
  )

/** A service manager that does not answer for so long is not going to. */
const TIMEOUT = 30_000

/** Whether its failure is ours, or nothing. */
const askSystemd = ({ path, argv }: HostProgram, optional: 0 | 2): Op => ({
  op: 'spawn',
  path,
  argv,
  env: [],
  input: '',
  timeoutMs: TIMEOUT,
  optional,
})

/** The supervisor's part where systemd owns the tree: it has a scope made with init in it, and completes that to a group. */
export const scopeOps = (group: ContainerGroup): readonly Op[] => [
  ...(group.scope?.make ?? []).map(program => askSystemd(program, 0)),
  ...makeGroupOps(group),
  ...moveInitOps(group),
  ...limitOps(group),
]

/**
 * Tells systemd that a container's scope is over, when nothing runs in it any more. It has often noticed by itself, and has none to
 * stop. Only for a scope that is known to be ours: one that exists already is why a container could not be made.
 */
export const stopScopeOps = (group: Pick<ContainerGroup, 'scope'> | undefined): readonly Op[] =>
  group?.scope === undefined ? [] : [askSystemd(group.scope.stop, 2)]

/** The same for a process that joins later: the groups are there and are only opened. */
export const openGroupOps = (dirs: readonly GroupDir[], flags: number): readonly Op[] =>
  dirs.map(({ path }, i): Op => ({ op: 'open', slot: SLOTS.group + i, path, flags }))

/**
 * Whatever runs in the group is ended first; hierarchies other than the first hold the same processes. systemd has a moment between, to
 * give up a scope that is ours and in which nothing runs any more.
 */
export const removeGroupOps = (
  group: Pick<ContainerGroup, 'path' | 'dirs'> | undefined,
  between: readonly Op[] = [],
): readonly Op[] =>
  group === undefined
    ? []
    : [
        ...group.dirs.slice(0, 1).map(({ mount }): Op => ({ op: 'killCgroup', mount, path: group.path })),
        ...between,
        ...group.dirs.map(({ mount }): Op => ({ op: 'removeCgroup', mount, path: group.path })),
      ]
