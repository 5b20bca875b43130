import { readFileSync } from 'node:fs'
import { TsboxError } from '@tsbox/errors'
import { best, type CgroupMount, cgroupMounts } from './mountinfo.ts'

/**
 * What this package can ask of a host, under its v2 name (v1's `blkio` is `io`).
 *
 * `cpuacct`, `devices` and `freezer` are controllers on v1 only; on v2 their work is part of every group, so asking for
 * them there always succeeds. `net_cls`, `net_prio` and `perf_event` are v1 controllers that v2 groups do not have.
 */
export const CONTROLLERS = [
  'cpu',
  'cpuacct',
  'cpuset',
  'devices',
  'freezer',
  'hugetlb',
  'io',
  'memory',
  'pids',
  'rdma',
  'misc',
  'dmem',
  'net_cls',
  'net_prio',
  'perf_event',
] as const
export type Controller = (typeof CONTROLLERS)[number]

export interface CgroupHost {
  /** `hybrid`: at least one of our controllers on v1, and a v2 tree beside it. */
  readonly mode: 'v1' | 'v2' | 'hybrid'
  /** The v2 tree, and the controllers it offers. In hybrid mode that is often none. */
  readonly unified?: { readonly mount: string; readonly controllers: readonly string[] }
  /** Where each v1 controller is mounted; controllers mounted together name the same place. */
  readonly v1: Readonly<Partial<Record<Controller, string>>>
  /** Where each named v1 hierarchy is mounted (`name=systemd` is `systemd` here): they only sort processes. */
  readonly named?: Readonly<Record<string, string>>
}

const KNOWN: ReadonlySet<string> = new Set(CONTROLLERS)

const unifiedOf = (mounts: readonly CgroupMount[]): CgroupMount | undefined =>
  mounts.filter(entry => entry.version === 2).reduce<CgroupMount | undefined>(best, undefined)

/** For each key that v1 mounts' options give, the best mount's place. */
const placesOf = (
  mounts: readonly CgroupMount[],
  keyOf: (option: string) => string | undefined,
): Readonly<Record<string, string>> => {
  const chosen = new Map<string, CgroupMount>()
  for (const entry of mounts) {
    if (entry.version === 2) continue
    for (const option of entry.options) {
      const key = keyOf(option)
      if (key !== undefined) chosen.set(key, best(chosen.get(key), entry))
    }
  }
  return Object.fromEntries([...chosen].map(([key, entry]) => [key, entry.mount]))
}

const controllerIn = (option: string): string | undefined => {
  const controller = option === 'blkio' ? 'io' : option
  return KNOWN.has(controller) ? controller : undefined
}

const nameIn = (option: string): string | undefined =>
  option.startsWith('name=') ? option.slice('name='.length) : undefined

const hostOf = (mounts: readonly CgroupMount[], controllersText: string | undefined): CgroupHost => {
  const v1: CgroupHost['v1'] = placesOf(mounts, controllerIn)
  const names = placesOf(mounts, nameIn)
  const named = Object.keys(names).length > 0 ? { named: names } : {}
  const tree = controllersText === undefined ? undefined : unifiedOf(mounts)
  const hasV1 = Object.keys(v1).length > 0
  if (tree === undefined) {
    if (hasV1) return { mode: 'v1', v1, ...named }
    throw new TsboxError('ERR_TSBOX_CGROUP', 'no cgroup hierarchy is mounted here', {
      hint: 'mount one: mount -t cgroup2 none /sys/fs/cgroup',
      step: 'mountinfo',
    })
  }
  const controllers = controllersText?.split(/\s+/).filter(name => name !== '') ?? []
  return { mode: hasV1 ? 'hybrid' : 'v2', unified: { mount: tree.mount, controllers }, v1, ...named }
}

/**
 * The cgroup hierarchies a mountinfo text describes (proc_pid_mountinfo(5)).
 *
 * @param controllersText `cgroup.controllers` at the top of the v2 tree; undefined when there is none or it cannot be
 *   read, and the tree is then left out
 * @throws TsboxError ERR_TSBOX_CGROUP when no hierarchy is mounted
 */
export const hostFromMountinfo = (mountinfoText: string, controllersText: string | undefined): CgroupHost =>
  hostOf(cgroupMounts(mountinfoText), controllersText)

const readMountinfo = (): string => {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8')
  } catch (cause) {
    throw new TsboxError('ERR_TSBOX_CGROUP', '/proc/self/mountinfo cannot be read', {
      hint: 'mount /proc: mount -t proc proc /proc',
      step: 'mountinfo',
      cause,
    })
  }
}

const readOrNothing = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}

/**
 * The cgroup hierarchies this process sees. Two small reads; nothing is kept between calls.
 *
 * @throws TsboxError ERR_TSBOX_CGROUP when no hierarchy is mounted, or /proc is not
 */
export const detectHost = (): CgroupHost => {
  const mounts = cgroupMounts(readMountinfo())
  const tree = unifiedOf(mounts)
  return hostOf(mounts, tree === undefined ? undefined : readOrNothing(`${tree.mount}/cgroup.controllers`))
}

export interface ControllerHome {
  readonly version: 1 | 2
  readonly mount: string
}

/** The v2 tree carries these in every group, whatever its `cgroup.controllers` says. */
const BUILT_IN: ReadonlySet<string> = new Set(['cpuacct', 'freezer', 'devices'])

/** Where a controller lives on this host: its v1 mount, else the v2 tree when that offers it, else nowhere. */
export const controllerHome = (host: CgroupHost, controller: Controller): ControllerHome | undefined => {
  const v1 = host.v1[controller]
  if (v1 !== undefined) return { version: 1, mount: v1 }
  const tree = host.unified
  if (tree === undefined) return undefined
  const offered = tree.controllers.includes(controller) || BUILT_IN.has(controller)
  return offered ? { version: 2, mount: tree.mount } : undefined
}

/** What gives this host a controller it lacks, by what the kernel says of it (/proc/cgroups, cgroups(7)). */
export const missingHint = (controller: string): string => {
  const name = controller === 'io' ? 'blkio' : controller
  const kernels = readOrNothing('/proc/cgroups') ?? ''
  if (!new RegExp(`^${name}\\t\\d+\\t\\d+\\t1$`, 'm').test(kernels))
    return `boot a kernel that has the ${controller} controller, without cgroup_disable=${name}`
  // In hierarchy 0 is what the v2 tree has, or nobody.
  return /\t[1-9]\d*\t\d+\t1$/m.test(kernels)
    ? `mount it: mkdir -p /sys/fs/cgroup/${name} && mount -t cgroup -o ${name} ${name} /sys/fs/cgroup/${name}`
    : `enable ${controller} in the cgroup.subtree_control of the groups above this one`
}

/** The error for a controller this host does not have. `wanted` is the limit or file that needs it. */
export const missingController = (controller: string, wanted: string): TsboxError =>
  new TsboxError(
    'ERR_TSBOX_CONTROLLER',
    `${wanted} needs the ${controller} controller, which this host lacks`,
    {
      hint: `${missingHint(controller)}; or leave out ${wanted} (say max where it is a default)`,
      step: wanted,
    },
  )
