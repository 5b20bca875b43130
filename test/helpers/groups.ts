import { readFileSync } from 'node:fs'
import { type Controller, controllerHome, detectHost } from '../../packages/cgroups/src/index.ts'

/** The cgroups of this host, looked at once. */
export const HOST = detectHost()

/** A controller's version here, or undefined when the host has none. */
export const versionOf = (controller: Controller): 1 | 2 | undefined =>
  controllerHome(HOST, controller)?.version

/** A file of a box's group, as the kernel answers it: `v1` or `v2` by where its controller lives. */
export const groupFile = (
  name: string,
  controller: Controller,
  files: { readonly v1: string; readonly v2: string },
): string => {
  const home = controllerHome(HOST, controller)
  if (home === undefined) throw new Error(`this host has no controller ${controller}`)
  return readFileSync(
    `${home.mount}/tsbox/${name}/${home.version === 1 ? files.v1 : files.v2}`,
    'utf8',
  ).trim()
}
