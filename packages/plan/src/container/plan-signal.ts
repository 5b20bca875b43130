import type { Plan } from '@tsbox/protocol'
import type { Handback } from './input.ts'
import { CONTAINER_SLOTS as SLOTS } from './slots.ts'

/** `kill`: a process is held before it is signalled, so that it is the one that was meant. */
export const planSignal = ({
  process,
  signal,
  handback,
}: {
  readonly process: { readonly pid: number; readonly started: bigint }
  readonly signal: number
  readonly handback: Handback
}): Plan => ({
  outer: [
    { op: 'handback', ...handback, always: 0 },
    { op: 'openProcess', slot: SLOTS.process, ...process },
    { op: 'sendSignal', process: SLOTS.process, signal },
    { op: 'detach' },
  ],
  inner: [],
  teardown: [],
})
