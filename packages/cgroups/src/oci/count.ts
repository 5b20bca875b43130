import type { Int64 } from './resources.ts'

/**
 * A whole number as the kernel prints it, exactly: a bigint beyond what a number holds. Undefined for any other text ('max',
 * empty, absent).
 */
export const countOf = (text: string | undefined): Int64 | undefined => {
  const digits = text?.trim() ?? ''
  if (!/^\d+$/.test(digits)) return undefined
  const number = Number(digits)
  return Number.isSafeInteger(number) ? number : BigInt(digits)
}

/** The lines `key number` of a file such as `memory.stat`. */
export const countsIn = (text: string | undefined): Readonly<Record<string, Int64>> => {
  const lines = (text ?? '').split('\n').map(line => line.split(' '))
  return Object.fromEntries(
    lines.flatMap(([key = '', value]) => {
      const count = countOf(value)
      return count === undefined ? [] : [[key, count] as const]
    }),
  )
}

/** The count, unless it is 0: the form of fields that are left out then. */
export const unlessZero = (count: Int64 | undefined): Int64 | undefined =>
  count === undefined || BigInt(count) === 0n ? undefined : count

/** The count in a unit that is so many times smaller. */
export const times = (count: Int64 | undefined, factor: number): Int64 | undefined =>
  count === undefined ? undefined : countOf(String(BigInt(count) * BigInt(factor)))
