import { TsboxError } from '@tsbox/errors'
import { countOf } from './count.ts'
import { memswRises, type SwapPlan, swapPlan } from './memory-swap.ts'
import type { Int64, OciMemory } from './resources.ts'
import { badResource, type Place, setting, type Wish, type Wishes } from './wish.ts'

const KNOB = 'linux.resources.memory'

/** -1 as a 64-bit unsigned number, which engines written in Go send for "unset". */
const UNSET = 2n ** 64n - 1n

/** Bytes, or -1 for no limit; 0 and absent leave the limit as it is. */
const bytes = (value: Int64 | undefined, knob: string): bigint | undefined => {
  const number = setting(value, knob)
  if (number === undefined || number >= -1n) return number
  throw badResource(knob, `${number} is not a number of bytes`, 'say -1 for no limit')
}

/** What memory and swap become: on v1 one must never pass the other, so the one that makes room is written first. */
const limits = (memory: OciMemory, place: Place): readonly Wish[] => {
  const limit = bytes(memory.limit, `${KNOB}.limit`)
  const swap = swapPlan({ limit, swap: bytes(memory.swap, `${KNOB}.swap`), place })
  if (memory.checkBeforeUpdate === true) refuseIfInUse(memory, place)
  const first: Wish[] = limit === undefined ? [] : [limitWish(limit, place)]
  const second: Wish[] = swap === undefined ? [] : [swapWish(swap, place)]
  return place.version === 2 || memswRises(swap, place) ? [...second, ...first] : [...first, ...second]
}

const limitWish = (limit: bigint, { version }: Place): Wish => ({
  knob: `${KNOB}.limit`,
  file: version === 1 ? 'memory.limit_in_bytes' : 'memory.max',
  value: version === 2 && limit === -1n ? 'max' : String(limit),
  lifts: limit === -1n,
})

const swapWish = ({ knob, value }: SwapPlan, { version }: Place): Wish => ({
  knob,
  file: version === 1 ? 'memory.memsw.limit_in_bytes' : 'memory.swap.max',
  value: version === 2 && value === -1n ? 'max' : String(value),
  lifts: value === -1n,
})

/** v1's kernel refuses a limit below what is in use; v2's kills. This gives v2 the manners of v1. */
const refuseIfInUse = (memory: OciMemory, { version, read }: Place): void => {
  const used = version === 2 ? countOf(read?.('memory.current')) : undefined
  if (used === undefined) return
  for (const field of ['limit', 'swap'] as const) {
    const knob = `${KNOB}.${field}`
    const wanted = bytes(memory[field], knob)
    if (wanted === undefined || wanted < 0n || wanted > BigInt(used)) continue
    throw new TsboxError('ERR_TSBOX_CGROUP', `${knob}: ${wanted} bytes are no more than the ${used} in use`, {
      hint: 'give more, or leave out checkBeforeUpdate to have the kernel reclaim and kill',
      step: knob,
    })
  }
}

/**
 * v2 has no soft limit; `memory.low`, what the group keeps under pressure, is the nearest. Without a reservation nothing is
 * kept, so there "no limit" is 0 (and not `max`, which would shield the group from everything).
 */
const reservation = (memory: OciMemory, { version }: Place): readonly Wish[] => {
  const knob = `${KNOB}.reservation`
  const amount = bytes(memory.reservation, knob)
  if (amount === undefined) return []
  const lifts = amount === -1n
  if (version === 1) return [{ knob, file: 'memory.soft_limit_in_bytes', value: String(amount), lifts }]
  return [{ knob, file: 'memory.low', value: lifts ? '0' : String(amount), lifts }]
}

/** `kernel` has had no effect since Linux 5.16, which accepts it all the same, so it is refused before. */
const kernelMemory = (memory: OciMemory, { version }: Place): readonly Wish[] => {
  const hint = 'leave it out: memory.limit counts kernel memory too'
  const kernel = bytes(memory.kernel, `${KNOB}.kernel`) ?? -1n
  const tcp = bytes(memory.kernelTCP, `${KNOB}.kernelTCP`)
  const tcpFile = version === 1 ? 'memory.kmem.tcp.limit_in_bytes' : undefined
  return [
    ...(kernel === -1n ? [] : [{ knob: `${KNOB}.kernel`, file: undefined, value: String(kernel), hint }]),
    ...(tcp === undefined
      ? []
      : [{ knob: `${KNOB}.kernelTCP`, file: tcpFile, value: String(tcp), lifts: tcp === -1n, hint }]),
  ]
}

const swappiness = (memory: OciMemory, { version }: Place): readonly Wish[] => {
  const knob = `${KNOB}.swappiness`
  if (memory.swappiness === undefined) return []
  const value = BigInt(memory.swappiness)
  if (value === UNSET || value === -1n) return []
  if (value < 0n || value > 100n) throw badResource(knob, `${value} is not a number from 0 to 100`)
  return [{ knob, file: version === 1 ? 'memory.swappiness' : undefined, value: String(value) }]
}

/** v2 always kills when nothing can be reclaimed, and always counts a group's memory in those above it. */
const behaviour = (memory: OciMemory, { version }: Place): readonly Wish[] => {
  const { disableOOMKiller: disable, useHierarchy } = memory
  const wishes: Wish[] = []
  if (disable !== undefined) {
    const file = version === 1 ? 'memory.oom_control' : undefined
    wishes.push({ knob: `${KNOB}.disableOOMKiller`, file, value: disable ? '1' : '0', lifts: !disable })
  }
  if (useHierarchy === false || (useHierarchy === true && version === 1)) {
    const file = version === 1 ? 'memory.use_hierarchy' : undefined
    wishes.push({ knob: `${KNOB}.useHierarchy`, file, value: useHierarchy ? '1' : '0' })
  }
  return wishes
}

/** `linux.resources.memory`: sizes are bytes; `swap` is memory and swap together. */
export const memoryWishes: Wishes<OciMemory> = (memory, place) => [
  ...limits(memory, place),
  ...reservation(memory, place),
  ...kernelMemory(memory, place),
  ...swappiness(memory, place),
  ...behaviour(memory, place),
]
