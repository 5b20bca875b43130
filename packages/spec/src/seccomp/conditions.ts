import type { OciSeccompArg } from '../oci/seccomp.ts'

/**
 * Conditions on arguments the kernel takes as 32-bit numbers. The upper half of the register is not looked at, because
 * the kernel does not look at it either: a rule that compared it could be passed by with a bit set there.
 */
const WIDTH = 32

const masked = (index: number, mask: number, value: number): OciSeccompArg => ({
  index,
  op: 'SCMP_CMP_MASKED_EQ',
  value: mask >>> 0,
  valueTwo: value >>> 0,
})

/** The argument is this number. */
export const is = (index: number, value: number): OciSeccompArg => masked(index, 0xffff_ffff, value)

/** None of these bits is set. */
export const hasNone = (index: number, bits: number): OciSeccompArg => masked(index, bits, 0)

/** All of these bits are set. */
export const hasAll = (index: number, bits: number): OciSeccompArg => masked(index, bits, bits)

/** All of `bits` are set and none of `clear`. */
export const hasOnly = (index: number, bits: number, clear: number): OciSeccompArg =>
  masked(index, bits | clear, bits)

/**
 * Conditions of which exactly one holds for every number but the given ones. Rules can only be added up, and a filter has
 * no "none of these": so for each place where a number first differs from all the given ones there is one condition on
 * its bits down to there.
 */
export const isNone = (index: number, values: readonly number[]): readonly OciSeccompArg[] => {
  const conditions: OciSeccompArg[] = []
  const walk = (prefix: number, bit: number, inside: readonly number[]): void => {
    if (inside.length === 0) conditions.push(masked(index, -(2 ** bit), prefix))
    else if (bit > 0) {
      const next = bit - 1
      const side = (value: number) => Math.floor(value / 2 ** next) % 2
      walk(
        prefix,
        next,
        inside.filter(value => side(value) === 0),
      )
      walk(
        prefix + 2 ** next,
        next,
        inside.filter(value => side(value) === 1),
      )
    }
  }
  walk(0, WIDTH, values)
  return conditions
}
