import { ancestorsOf, checkGroupPath } from './group-path.ts'
import { type CgroupHost, CONTROLLERS, type Controller, controllerHome, missingController } from './host.ts'

/** One of the directories a group consists of. */
export interface GroupDir {
  readonly version: 1 | 2
  /** The hierarchy's mount point. */
  readonly mount: string
  /** The directory: the mount point followed by the group's path. */
  readonly path: string
  /** Those of the wanted controllers that act through this directory. */
  readonly controllers: readonly Controller[]
}

/** A value and the file it is to be written to. */
export interface FileWrite {
  readonly file: string
  readonly value: string
}

/**
 * The directories a group at `path` consists of: the v2 tree's whenever it is mounted (freezing, killing and watching
 * act there), then one for each v1 mount that a wanted controller lives in.
 *
 * @throws TsboxError ERR_TSBOX_SPEC for a bad path, ERR_TSBOX_CONTROLLER for a controller this host lacks
 */
export const groupLayout = (
  host: CgroupHost,
  path: string,
  controllers: readonly Controller[],
): readonly GroupDir[] => {
  checkGroupPath(path)
  const dirs = new Map<string, { version: 1 | 2; controllers: Controller[] }>()
  if (host.unified !== undefined) dirs.set(host.unified.mount, { version: 2, controllers: [] })
  for (const controller of controllers) {
    const home = controllerHome(host, controller)
    if (home === undefined) throw missingController(controller, controller)
    const dir = dirs.get(home.mount)
    if (dir === undefined) dirs.set(home.mount, { version: home.version, controllers: [controller] })
    else if (!dir.controllers.includes(controller)) dir.controllers.push(controller)
  }
  return [...dirs].map(([mount, dir]) => ({ ...dir, mount, path: mount + path }))
}

/** A directory with those controllers its own `cgroup.controllers` names; a v1 directory as it is. */
export const withOwnControllers = (dir: GroupDir, controllersText: string | undefined): GroupDir => {
  if (dir.version === 1) return dir
  const own = (controllersText ?? '').split(/\s+/)
  return { ...dir, controllers: CONTROLLERS.filter(name => own.includes(name)) }
}

/**
 * The controllers worth having in any group of this host, for statistics and for stopping it: pids, memory, cpu and io,
 * and what only v1 without a v2 tree keeps apart: cpuacct and freezer.
 */
export const defaultControllers = (host: CgroupHost): readonly Controller[] => {
  const wanted = new Set<Controller>(['pids', 'memory', 'cpu', 'io'])
  if (host.unified === undefined) wanted.add('cpuacct').add('freezer')
  return CONTROLLERS.filter(name => wanted.has(name) && controllerHome(host, name) !== undefined)
}

/**
 * The writes that let a group on the v2 tree use its controllers: each directory above it must pass them down
 * (`cgroup.subtree_control`, kernel Documentation/admin-guide/cgroup-v2.rst, "Enabling and Disabling"). Top first. Writing
 * one again changes nothing. Empty for a v1 directory and for one without controllers.
 */
export const enableWrites = (host: CgroupHost, dir: GroupDir): readonly FileWrite[] => {
  const offered = dir.version === 2 ? (host.unified?.controllers ?? []) : []
  const value = dir.controllers
    .filter(name => offered.includes(name))
    .map(name => `+${name}`)
    .join(' ')
  if (value === '') return []
  const groupPath = dir.path.slice(dir.mount.length)
  return ['', ...ancestorsOf(groupPath)].map(above => ({
    file: `${dir.mount}${above}/cgroup.subtree_control`,
    value,
  }))
}

/** A cpuset: lists of processors and memory nodes in the kernel's form ('0-3,6'). */
export interface CpusetValues {
  readonly cpus: string
  readonly mems: string
}

/**
 * The writes that make a new v1 cpuset usable: on v1 every new directory starts without processors or memory nodes, and
 * nothing can join it until it has both (cpuset(7)). Top first, down to the group itself. `values` are usually those of
 * the mount's own `cpuset.cpus` and `cpuset.mems`. A directory that already has values should be left as it is.
 */
export const cpusetSeeds = (dir: GroupDir, values: CpusetValues): readonly FileWrite[] => {
  if (dir.version !== 1 || !dir.controllers.includes('cpuset')) return []
  const groupPath = dir.path.slice(dir.mount.length)
  return [...ancestorsOf(groupPath), groupPath].flatMap(path => [
    { file: `${dir.mount}${path}/cpuset.cpus`, value: values.cpus },
    { file: `${dir.mount}${path}/cpuset.mems`, value: values.mems },
  ])
}
