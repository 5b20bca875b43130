import type { Plan } from '@tsbox/protocol'
import { hookOps } from './hooks.ts'
import type { ContainerInput } from './input.ts'
import { listenerOps } from './notify.ts'
import { CONTAINER_SLOTS as SLOTS } from './slots.ts'
import type { StateOf } from './state-text.ts'

/** `start`: written when the container is created, so that it needs nobody to plan it. */
export const planStart = (
  input: StateOf & Pick<ContainerInput, 'filter' | 'stateDir' | 'handback'>,
): Plan => ({
  outer: [
    { op: 'handback', ...input.handback, always: 0 },
    { op: 'take', slot: SLOTS.state, path: input.stateDir },
    ...listenerOps(input),
    { op: 'knock', dir: SLOTS.state, gate: 'gate', process: 'process' },
    ...hookOps('poststart', input),
    { op: 'detach' },
  ],
  inner: [],
  teardown: [],
})
