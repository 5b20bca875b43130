import type { OciResources } from './resources.ts'
import { type Wishes, wholeNumber } from './wish.ts'

type Pids = NonNullable<OciResources['pids']>

/**
 * `linux.resources.pids`: processes and threads. -1 is no limit; 0 counts as a number. It becomes 1, which allows the same (a
 * process that is inside, no fork) and lets the kernel start the first process inside the group.
 */
export const pidsWishes: Wishes<Pids> = ({ limit }) => {
  const knob = 'linux.resources.pids.limit'
  if (limit === undefined) return []
  const count = wholeNumber(limit, knob)
  if (count < 0n) return [{ knob, file: 'pids.max', value: 'max', lifts: true }]
  return [{ knob, file: 'pids.max', value: String(count === 0n ? 1n : count) }]
}
