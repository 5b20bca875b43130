import fc from 'fast-check'
import t from 'tap'
import { bfqWeightFromIoWeight, sharesFromWeight, weightFromShares } from '../src/index.ts'

t.test('a weight has the shares the kernel itself reads it as', async t => {
  t.same([1, 50, 100, 200, 10_000].map(sharesFromWeight), [10, 512, 1024, 2048, 102_400])
})

t.test('shares have the weight OCI runtimes give them', async t => {
  t.same([2, 512, 1024, 2048, 262_144].map(weightFromShares), [1, 59, 100, 174, 10_000])
})

t.test('an io weight keeps the ordinary value and the ends', async t => {
  t.same([1, 50, 100, 10_000].map(bfqWeightFromIoWeight), [1, 50, 100, 1000])
})

t.test('more never becomes less, and nothing leaves its range', async t => {
  const grows = (f: (x: number) => number, [low, high]: [number, number], [from, to]: [number, number]) =>
    fc.assert(
      fc.property(
        fc.integer({ min: low, max: high - 1 }),
        x => f(x) <= f(x + 1) && f(x) >= from && f(x + 1) <= to,
      ),
    )
  grows(sharesFromWeight, [1, 10_000], [2, 262_144])
  grows(weightFromShares, [2, 262_144], [1, 10_000])
  grows(bfqWeightFromIoWeight, [1, 10_000], [1, 1000])
  t.pass('held')
})
