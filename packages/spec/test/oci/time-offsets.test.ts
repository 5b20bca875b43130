import t from 'tap'
import { read, refuses } from './documents.ts'

const given = (timeOffsets: unknown) => ({ linux: { timeOffsets } })
const at = 'linux.timeOffsets'

t.test('two clocks have offsets, also into the past', async t => {
  const offsets = { monotonic: { secs: -9223372036854775808n, nanosecs: 999_999_999 }, boottime: {} }
  t.same({ ...read(given(offsets)).linux.timeOffsets }, offsets)
})

t.test('other clocks and other numbers are refused', async t => {
  refuses(t, [
    [`${at}.realtime`, given({ realtime: { secs: 1 } })],
    [`${at}.monotonic.nanosecs`, given({ monotonic: { nanosecs: 1_000_000_000 } })],
    [`${at}.monotonic.nanosecs`, given({ monotonic: { nanosecs: -1 } })],
    [`${at}.boottime.secs`, given({ boottime: { secs: '1' } })],
    [`${at}.boottime.secs`, given({ boottime: { secs: 9223372036854775808n } })],
    [`${at}.boottime`, given({ boottime: 5 })],
  ])
})
