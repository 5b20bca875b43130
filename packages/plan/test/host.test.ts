import t from 'tap'
import { kernelAtLeast } from '../src/index.ts'
import { hostOf } from './hosts.ts'

t.test('kernel versions compare as numbers', async t => {
  const host = hostOf('v2', { kernel: [6, 10] })
  for (const [major, minor, wanted] of [
    [6, 7, true],
    [6, 10, true],
    [5, 99, true],
    [6, 11, false],
    [7, 0, false],
  ] as const) {
    t.equal(kernelAtLeast(host, major, minor), wanted, `${major}.${minor}`)
  }
})
