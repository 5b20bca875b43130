import { countOf } from './count.ts'
import { badResource, type Place } from './wish.ts'

const LIMIT = 'linux.resources.memory.limit'
const SWAP = 'linux.resources.memory.swap'

/** What the swap file gets, -1 for no limit, and the field that asked for it. */
export interface SwapPlan {
  readonly knob: string
  readonly value: bigint
}

interface Wanted {
  readonly limit: bigint | undefined
  /** Memory and swap together. */
  readonly swap: bigint | undefined
  readonly place: Place
}

const exceeds = (knob: string, limit: bigint, total: bigint): Error =>
  badResource(
    knob,
    `memory (${limit}) may not exceed memory and swap together (${total})`,
    'raise memory.swap in the same call: it is the sum of both',
  )

const current = ({ read }: Place, file: string): bigint | undefined => {
  const count = countOf(read?.(file))
  return count === undefined ? undefined : BigInt(count)
}

/**
 * v2 limits swap alone. A new memory limit without a new sum keeps the sum, as v1's kernel does: what memory gives, swap
 * gains.
 */
const keepSum = (limit: bigint, place: Place): SwapPlan | undefined => {
  const memory = current(place, 'memory.max')
  const swap = current(place, 'memory.swap.max')
  if (memory === undefined || swap === undefined) return undefined
  if (limit > memory + swap) throw exceeds(LIMIT, limit, memory + swap)
  return { knob: LIMIT, value: memory + swap - limit }
}

const swapAlone = ({ limit, swap, place }: Wanted & { readonly swap: bigint }): SwapPlan => {
  if (limit === -1n) return { knob: SWAP, value: swap }
  const memory = limit ?? current(place, 'memory.max')
  if (memory !== undefined) {
    if (memory > swap) throw exceeds(SWAP, memory, swap)
    return { knob: SWAP, value: swap - memory }
  }
  // Only a live group can have memory without a limit: its swap is then limited as it is.
  if (place.read !== undefined) return { knob: SWAP, value: swap }
  throw badResource(SWAP, 'memory and swap together cannot be limited without a limit of memory')
}

/**
 * What becomes of swap. No limit of memory means none of swap either, unless swap is named. v1 keeps the sum in a file, v2
 * swap alone.
 */
export const swapPlan = (wanted: Wanted): SwapPlan | undefined => {
  const { limit, swap, place } = wanted
  if (swap === undefined) {
    if (limit === -1n) return { knob: LIMIT, value: -1n }
    return limit === undefined || place.version === 1 ? undefined : keepSum(limit, place)
  }
  if (swap === -1n) return { knob: SWAP, value: -1n }
  if (place.version === 2) return swapAlone({ limit, swap, place })
  if (limit === -1n || (limit === undefined && place.read === undefined)) {
    throw badResource(SWAP, 'cgroup v1 cannot limit memory and swap together without a limit of memory')
  }
  if (limit !== undefined && limit > swap) throw exceeds(SWAP, limit, swap)
  return { knob: SWAP, value: swap }
}

/** Whether v1's sum of memory and swap goes up, so that it has to go first. */
export const memswRises = (swap: SwapPlan | undefined, place: Place): boolean => {
  if (swap === undefined) return false
  const now = current(place, 'memory.memsw.limit_in_bytes')
  return now !== undefined && (swap.value === -1n || swap.value > now)
}
