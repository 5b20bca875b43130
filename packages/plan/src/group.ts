import {
  controllerHome,
  controllersOf,
  defaultControllers,
  type GroupDir,
  groupLayout,
  type Limits,
  limitWrites,
  notableCounters,
  statFiles,
} from '@tsbox/cgroups'
import { KERNEL, type Op, PROTOCOL } from '@tsbox/protocol'
import type { Box } from '@tsbox/spec'
import type { Host } from './host.ts'
import { SLOTS } from './slots.ts'

/** A box's group: what makes it, what init joins, what reads and removes it. */
export interface GroupPlan {
  readonly make: readonly Op[]
  readonly join: readonly Op[]
  readonly collect: readonly Op[]
  readonly remove: readonly Op[]
  readonly dirs: readonly GroupDir[]
  /** The slot clone(2) starts init in (v2), or none. */
  readonly bornIn: number
}

/** The limits of a box, with the defaults no box goes without: half of the machine's memory. */
export const effectiveLimits = (box: Box, host: Host): Limits => ({
  ...box.limits,
  memory: { ...box.limits.memory, max: box.limits.memory?.max ?? Math.floor(host.memory / 2) },
})

/** "No limit" needs no controller: it is how a box runs where memory or pids cannot be limited. */
const enforceable = (limits: Limits, { cgroups }: Host): Limits => {
  const { memory, pids, ...others } = limits
  const unlimited = (knobs: object | undefined, controller: 'memory' | 'pids') =>
    controllerHome(cgroups, controller) === undefined &&
    Object.values(knobs ?? {}).every(value => value === undefined || value === 'max')
  return {
    ...others,
    ...(unlimited(memory, 'memory') ? {} : { memory }),
    ...(unlimited(pids, 'pids') ? {} : { pids }),
  }
}

/** Where a box's group lies in each hierarchy. */
export const groupPath = (box: Box): string =>
  `${(box.cgroupParent ?? '/tsbox').replace(/\/+$/, '')}/${box.name}`

/**
 * The chapters' cgroup operations.
 *
 * @throws TsboxError ERR_TSBOX_CONTROLLER for a limit this host cannot hold, ERR_TSBOX_SPEC or ERR_TSBOX_SIZE for a
 *   value a limit cannot have
 */
export const planGroup = (box: Box, host: Host): GroupPlan => {
  const writes = limitWrites(host.cgroups, enforceable(effectiveLimits(box, host), host))
  const path = groupPath(box)
  const wanted = new Set([...defaultControllers(host.cgroups), ...controllersOf(writes)])
  const dirs = groupLayout(host.cgroups, path, [...wanted])
  const slotOf = new Map(dirs.map((dir, i) => [dir.mount, SLOTS.group + i]))
  const v2 = dirs.findIndex(dir => dir.version === 2)
  return {
    dirs,
    bornIn: v2 < 0 ? PROTOCOL.noSlot : SLOTS.group + v2,
    make: [
      ...dirs.map(dir => makeGroupOp(dir, { slot: slotOf.get(dir.mount)!, path, reuse: 'none' })),
      ...writes.map(
        ({ mount, file, value }): Op => ({ op: 'writeAt', dir: slotOf.get(mount)!, file, data: value }),
      ),
    ],
    // One thread moving itself: joining through cgroup.procs was measured about 14 ms slower (docs/benchmarks.md).
    join: dirs
      .filter(dir => dir.version === 1)
      .map((dir): Op => ({ op: 'writeAt', dir: slotOf.get(dir.mount)!, file: 'tasks', data: '0' })),
    collect: collectOps(host, slotOf),
    remove: removeOps(dirs, path),
  }
}

/** Which group that exists already will do. */
export const REUSE = { none: 0, empty: 1, any: 2 } as const

/** Makes one of a group's directories. */
export const makeGroupOp = (
  dir: GroupDir,
  { slot, path, reuse }: { slot: number; path: string; reuse: keyof typeof REUSE },
): Op => ({
  op: 'makeCgroup',
  slot,
  mount: dir.mount,
  path,
  enable:
    dir.version === 2 && dir.controllers.length > 0
      ? dir.controllers
          .filter(name => !BUILT_IN_V2.has(name))
          .map(name => `+${name}`)
          .join(' ')
      : null,
  inherit: dir.version === 1 && dir.controllers.includes('cpuset') ? ['cpuset.cpus', 'cpuset.mems'] : [],
  reuse: REUSE[reuse],
})

/** On v2 these are part of every group and no names for cgroup.subtree_control. */
const BUILT_IN_V2: ReadonlySet<string> = new Set(['cpuacct', 'freezer', 'devices'])

const collectOps = (host: Host, slotOf: ReadonlyMap<string, number>): Op[] => {
  const keys = new Map(
    notableCounters(host.cgroups).map(({ mount, file, key }) => [`${mount}/${file}`, `\n${key} `]),
  )
  return statFiles(host.cgroups).flatMap(({ mount, file }): Op[] => {
    const dir = slotOf.get(mount)
    return dir === undefined ? [] : [{ op: 'collect', dir, file, key: keys.get(`${mount}/${file}`) ?? null }]
  })
}

const removeOps = (dirs: readonly GroupDir[], path: string): Op[] => [
  ...dirs.slice(0, 1).map(({ mount }): Op => ({ op: 'killCgroup', mount, path })),
  ...dirs.map(({ mount }): Op => ({ op: 'removeCgroup', mount, path })),
]

/** Read-only views of the group inside the box, so that programs can size themselves by their limits. */
export const groupViews = (dirs: readonly GroupDir[], readOnly: boolean): Op[] => {
  const mount = SLOTS.passing
  const view = (dir: GroupDir, target: string): Op[] => [
    { op: 'openTree', slot: mount, from: PROTOCOL.noSlot, path: dir.path, recursive: 0 },
    { op: 'setMountAttributes', mount, set: VIEW | (readOnly ? RDONLY : 0n), clear: 0n, recursive: 0 },
    { op: 'attach', mount, root: SLOTS.sys, target, make: 0, nofollow: 0 },
  ]
  const only = dirs.length === 1 ? dirs[0] : undefined
  if (only?.version === 2) return view(only, '/fs/cgroup')
  const place = (dir: GroupDir) => `/fs/cgroup/${dir.mount.slice(dir.mount.lastIndexOf('/') + 1)}`
  const tree = SLOTS.cgroups
  return [
    {
      op: 'fsMount',
      slot: tree,
      type: 'tmpfs',
      options: ['mode', '755', 'size', '64k'],
      attributes: Number(VIEW),
    },
    { op: 'attach', mount: tree, root: SLOTS.sys, target: '/fs/cgroup', make: 0, nofollow: 1 },
    ...dirs.map((dir): Op => ({ op: 'makeDir', root: SLOTS.sys, path: place(dir), mode: 0o755 })),
    ...(readOnly
      ? [{ op: 'setMountAttributes', mount: tree, set: RDONLY, clear: 0n, recursive: 0 } as const]
      : []),
    ...dirs.flatMap(dir => view(dir, place(dir))),
  ]
}

const RDONLY = BigInt(KERNEL.MOUNT_ATTR_RDONLY)
const VIEW = BigInt(KERNEL.MOUNT_ATTR_NOSUID | KERNEL.MOUNT_ATTR_NODEV | KERNEL.MOUNT_ATTR_NOEXEC)
