import fc from 'fast-check'
import t from 'tap'
import { holds } from '../../../../test/helpers/property.ts'
import type { OciSeccompArg } from '../../src/oci/seccomp.ts'
import { hasAll, hasNone, hasOnly, is, isNone } from '../../src/seccomp/conditions.ts'

/** What SCMP_CMP_MASKED_EQ means. */
const isMet = ({ value, valueTwo = 0 }: OciSeccompArg, arg: bigint): boolean =>
  (arg & BigInt(value)) === BigInt(valueTwo)

const word = fc.integer({ min: 0, max: 0xffff_ffff })
const upper = fc.bigInt(0n, 0xffff_ffffn).map(half => half << 32n)

t.test('conditions look at the lower half of an argument only', async t => {
  for (const arg of [5n, (1n << 32n) | 5n, (0xffff_ffffn << 32n) | 5n]) {
    t.ok(isMet(is(0, 5), arg))
    t.notOk(isMet(is(0, 4), arg))
    t.ok(isMet(hasNone(0, 0x10), arg) && isMet(hasAll(0, 4), arg) && isMet(hasOnly(0, 4, 2), arg))
    t.notOk(isMet(hasNone(0, 1), arg) || isMet(hasAll(0, 6), arg) || isMet(hasOnly(0, 4, 1), arg))
  }
  t.ok(isMet(is(0, 0xffff_ffff), 2n ** 64n - 1n), 'a minus one of 32 or 64 bits is the same')
})

t.test(
  'of the conditions for "none of these" one holds for every other number, and none for these',
  async t => {
    const property = fc.property(
      fc.uniqueArray(word, { maxLength: 6 }),
      word,
      upper,
      (values, other, half) => {
        const conditions = isNone(1, values)
        const met = (arg: number) => conditions.filter(one => isMet(one, half | BigInt(arg))).length
        return values.every(value => met(value) === 0) && met(other) === (values.includes(other) ? 0 : 1)
      },
    )
    holds(t, property)
    const close = isNone(1, [0x5412, 0x541c])
    const wrong = Array.from({ length: 0x10000 }, (_, arg) => arg).filter(arg => {
      const met = close.filter(one => isMet(one, BigInt(arg))).length
      return met !== (arg === 0x5412 || arg === 0x541c ? 0 : 1)
    })
    t.same(wrong, [])
    t.equal(isNone(0, []).length, 1, 'nothing excluded: any number will do')
  },
)
