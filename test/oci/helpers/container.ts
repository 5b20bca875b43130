import { readFileSync } from 'node:fs'
import { type Controller, controllerHome, detectHost } from '../../../packages/cgroups/src/index.ts'
import type { Outcome } from '../../helpers/command.ts'
import { eventually, isAlive } from '../../helpers/live-box.ts'
import type { Bundle } from './bundle.ts'
import type { Oci } from './oci-test.ts'
import { outputsOf } from './verb.ts'

/** What `state` prints. */
export interface State {
  readonly ociVersion: string
  readonly id: string
  readonly status: string
  readonly pid: number
  readonly bundle: string
  readonly rootfs: string
  readonly created: string
  readonly owner: string
  readonly annotations?: Readonly<Record<string, string>>
}

/** A container that was created. */
export interface Container {
  readonly id: string
  readonly bundle: Bundle
  readonly state: () => Promise<State>
  /** Of its first process, as the host counts. */
  readonly pid: () => Promise<number>
  readonly start: () => Promise<void>
  /** Runs a program in it, to its end. */
  readonly exec: (args: readonly string[], options?: readonly string[]) => Promise<Outcome>
  /** Waits until its first process has ended. */
  readonly ended: () => Promise<void>
  /** Ends it with SIGKILL and waits. */
  readonly kill: () => Promise<void>
  /** Waits until the program has printed something that matches. */
  readonly says: (pattern: RegExp) => Promise<RegExpExecArray>
  readonly stdout: () => string
  readonly stderr: () => string
  /** A file of its group: `v1` or `v2` by where the controller lives. */
  readonly group: (controller: Controller, files: { readonly v1: string; readonly v2: string }) => string
}

interface Made extends Pick<Oci, 'ok' | 'tsbox' | 'root'> {
  readonly id: string
  readonly bundle: Bundle
  readonly outputs: string
  /** From the top of each hierarchy. */
  readonly group: string
}

const readGroup = (path: string, controller: Controller, files: { v1: string; v2: string }): string => {
  const home = controllerHome(detectHost(), controller)
  if (home === undefined) throw new Error(`this host has no controller ${controller}`)
  return readFileSync(`${home.mount}/${path}/${home.version === 1 ? files.v1 : files.v2}`, 'utf8').trim()
}

export const containerOf = ({ id, bundle, outputs, group, ok, tsbox }: Made): Container => {
  const state = async () => JSON.parse(await ok(['state', id])) as State
  const ended = async (pid: number) => {
    if ((await eventually(() => !isAlive(pid) || undefined)) === undefined)
      throw new Error(`process ${pid} of ${id} does not end`)
  }
  return {
    id,
    bundle,
    state,
    pid: async () => (await state()).pid,
    start: async () => void (await ok(['start', id])),
    exec: (args, options = []) => tsbox(['exec', ...options, id, ...args]),
    ended: async () => ended((await state()).pid),
    kill: async () => {
      const { pid } = await state()
      await ok(['kill', id, 'KILL'])
      await ended(pid)
    },
    says: async pattern => {
      const found = await eventually(() => pattern.exec(outputsOf(outputs).stdout) ?? undefined)
      if (found !== undefined) return found
      throw new Error(`${id} does not say ${pattern}: ${JSON.stringify(outputsOf(outputs))}`)
    },
    stdout: () => outputsOf(outputs).stdout,
    stderr: () => outputsOf(outputs).stderr,
    group: (controller, files) => readGroup(group, controller, files),
  }
}
