import type { GroupDir } from '@tsbox/cgroups'
import { type Op, PROTOCOL } from '@tsbox/protocol'
import { makeGroupOp } from '../group.ts'
import type { ContainerGroup } from './input.ts'
import { CONTAINER_SLOTS as SLOTS } from './slots.ts'

const slotsOf = ({ dirs }: ContainerGroup): ReadonlyMap<string, number> =>
  new Map(dirs.map((dir, i) => [dir.mount, SLOTS.group + i]))

const devicesDir = ({ dirs }: ContainerGroup): GroupDir | undefined =>
  dirs.find(({ version, controllers }) => version === 1 && controllers.includes('devices'))

/** The group in every hierarchy, with its limits and its devices. One that exists and is empty is taken. */
export const makeGroupOps = (group: ContainerGroup): readonly Op[] => {
  const slots = slotsOf(group)
  const devices = devicesDir(group)
  const unified = group.dirs.find(({ version }) => version === 2)
  return [
    ...group.dirs.map(
      (dir): Op => makeGroupOp(dir, { slot: slots.get(dir.mount)!, path: group.path, reuse: true }),
    ),
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
  const index = group?.dirs.findIndex(({ version }) => version === 2) ?? -1
  return index < 0 ? PROTOCOL.noSlot : SLOTS.group + index
}

/** Init's part on v1: one thread that moves itself, which needs no lock of all processes. */
export const joinGroupOps = (group: ContainerGroup | undefined): readonly Op[] =>
  (group?.dirs ?? []).flatMap((dir, i): Op[] =>
    dir.version === 1 ? [{ op: 'writeAt', dir: SLOTS.group + i, file: 'tasks', data: '0' }] : [],
  )

/** The same for a process that joins later: the groups are there and are only opened. */
export const openGroupOps = (dirs: readonly GroupDir[], flags: number): readonly Op[] =>
  dirs.map(({ path }, i): Op => ({ op: 'open', slot: SLOTS.group + i, path, flags }))

/** Whatever runs in the group is ended first; hierarchies other than the first hold the same processes. */
export const removeGroupOps = (group: Pick<ContainerGroup, 'path' | 'dirs'> | undefined): readonly Op[] =>
  group === undefined
    ? []
    : [
        ...group.dirs.slice(0, 1).map(({ mount }): Op => ({ op: 'killCgroup', mount, path: group.path })),
        ...group.dirs.map(({ mount }): Op => ({ op: 'removeCgroup', mount, path: group.path })),
      ]
