import { existsSync } from 'node:fs'
import { noGroup, peekText } from '../files.ts'
import { checkGroupPath } from '../group-path.ts'
import { type CgroupHost, CONTROLLERS, type Controller, controllerHome } from '../host.ts'
import { type GroupDir, groupLayout, withOwnControllers } from '../layout.ts'
import { childNames } from './files.ts'

/** On v2 these are part of every group and no names for `cgroup.subtree_control`. */
const BUILT_IN: ReadonlySet<Controller> = new Set(['cpuacct', 'devices', 'freezer'])

/** What a container's group has on this host: every controller there is. */
export const containerControllers = (host: CgroupHost): readonly Controller[] =>
  CONTROLLERS.filter(name => {
    const home = controllerHome(host, name)
    return home?.version === 1 || (home?.version === 2 && !BUILT_IN.has(name))
  })

/**
 * The directories a container's group consists of: the v2 tree's, and one in every v1 hierarchy that is mounted, the named ones
 * too. Engines read /proc/PID/cgroup and expect the container's path in each.
 *
 * @throws TsboxError ERR_TSBOX_SPEC for a path that cannot be a group's
 */
export const containerLayout = (host: CgroupHost, path: string): readonly GroupDir[] => {
  const dirs = groupLayout(host, path, containerControllers(host))
  const places = new Set(Object.values(host.named ?? {}))
  for (const dir of dirs) places.delete(dir.mount)
  const named = [...places].map(
    (mount): GroupDir => ({ version: 1, mount, path: mount + path, controllers: [] }),
  )
  return [...dirs, ...named]
}

/**
 * The directories of a group that exists already, whoever made it.
 *
 * @throws TsboxError ERR_TSBOX_CGROUP when it is in no hierarchy, ERR_TSBOX_SPEC for a path that cannot be a group's
 */
export const openContainer = (host: CgroupHost, path: string): readonly GroupDir[] => {
  checkGroupPath(path)
  const dirs = containerLayout(host, path)
    .filter(dir => existsSync(dir.path))
    .map(dir => withOwnControllers(dir, peekText(`${dir.path}/cgroup.controllers`)))
  if (dirs.length === 0) throw noGroup(path)
  return dirs
}

/**
 * Whether groups of a hierarchy have a file, judged by those at its top: some files depend on kernel modules (`io.bfq.weight`), and
 * the top itself has none of the limits. False when there is no group to look at.
 */
export const groupHasFile = (mount: string, file: string): boolean =>
  childNames(mount).some(name => existsSync(`${mount}/${name}/${file}`))
