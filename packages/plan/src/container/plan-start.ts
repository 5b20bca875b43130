import { KERNEL, type Op, type Plan } from '@tsbox/protocol'
import { hookOps, lastOps } from './hooks.ts'
import type { ContainerInput } from './input.ts'
import { listenerOps } from './notify.ts'
import { CONTAINER_SLOTS as SLOTS } from './slots.ts'
import type { StateOf } from './state-text.ts'

export interface StartInput extends StateOf, Pick<ContainerInput, 'filter' | 'stateDir' | 'handback'> {
  /** Run by whoever has no other way to tell why nothing was done. */
  readonly direct?: boolean | undefined
}

/**
 * Init does these by the plan it was made with, and tells of them by their place among them: here they are what that place means.
 * So they are without what no message needs.
 */
const told = (input: StartInput): readonly Op[] => {
  const { filter, config } = input
  if (config.process === undefined) return []
  const process = { ...config.process, env: [] }
  return lastOps(input, { process, filter: filter && { ...filter, program: new Uint8Array(0) } })
}

/**
 * `start`: written when the container is created, so that it needs nobody to plan it. A container without a gate or a process does
 * not wait to be started, which is found out before the lock is waited for.
 */
export const planStart = (input: StartInput): Plan => {
  const handback: Op = { op: 'handback', ...input.handback, always: 0 }
  const exists = (file: string): Op => ({
    op: 'open',
    slot: SLOTS.place,
    path: `${input.stateDir}/${file}`,
    flags: KERNEL.O_PATH,
  })
  return {
    outer: [
      ...(input.direct === true ? [handback] : [exists('process'), exists('gate')]),
      { op: 'take', slot: SLOTS.state, path: input.stateDir },
      ...(input.direct === true ? [] : [handback]),
      ...listenerOps(input),
      { op: 'knock', dir: SLOTS.state, gate: 'gate', process: 'process' },
      ...hookOps('poststart', input),
      { op: 'detach' },
    ],
    inner: told(input),
    teardown: [],
  }
}
