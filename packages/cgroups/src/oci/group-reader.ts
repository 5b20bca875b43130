import { type CgroupHost, type Controller, controllerHome } from '../host.ts'
import type { ReadGroupFile } from '../snapshot.ts'

/** Reads files of one controller's directory. */
export interface ControllerReader {
  /** Undefined where the host lacks the controller. */
  readonly version: 1 | 2 | undefined
  readonly read: (file: string) => string | undefined
}

export const controllerReader = (
  host: CgroupHost,
  read: ReadGroupFile,
  controller: Controller,
): ControllerReader => {
  const home = controllerHome(host, controller)
  return {
    version: home?.version,
    read: file => (home === undefined ? undefined : read(home.mount, file)),
  }
}

/** Reads a file that every group of the v2 tree has, such as `cpu.pressure`. */
export const treeReader =
  (host: CgroupHost, read: ReadGroupFile) =>
  (file: string): string | undefined =>
    host.unified === undefined ? undefined : read(host.unified.mount, file)
