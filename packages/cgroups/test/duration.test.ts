import t from 'tap'
import { parseDuration } from '../src/index.ts'

t.test('a number is milliseconds, a text names its unit', async t => {
  for (const [value, ms] of [
    [250, 250],
    ['250', 250],
    ['250ms', 250],
    ['5s', 5000],
    ['1.5s', 1500],
    ['1m', 60_000],
    ['1h', 3_600_000],
    ['500us', 0.5],
    [0, 0],
  ] as const) {
    t.equal(parseDuration(value), ms, String(value))
  }
})

t.test('what is no duration is refused with the known forms', async t => {
  for (const value of ['', '-1s', '5 s', '1d', '1e3', 's', 'max', -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    t.throws(() => parseDuration(value), { code: 'ERR_TSBOX_SIZE', hint: /250ms/ }, String(value))
  }
})
