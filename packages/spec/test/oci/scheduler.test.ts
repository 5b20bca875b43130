import t from 'tap'
import { read, refuses, withProcess } from './documents.ts'

const given = (scheduler: unknown) => withProcess({ scheduler })
const at = 'process.scheduler'
const deadline = { policy: 'SCHED_DEADLINE', runtime: 1024, deadline: 2000, period: 3000 }

t.test('what sched_setattr(2) takes is taken', async t => {
  for (const scheduler of [
    { policy: 'SCHED_OTHER' },
    { policy: 'SCHED_BATCH', nice: 19, flags: ['SCHED_FLAG_RESET_ON_FORK', 'SCHED_FLAG_UTIL_CLAMP_MIN'] },
    { policy: 'SCHED_IDLE', nice: -20, priority: 0, runtime: 0 },
    { policy: 'SCHED_FIFO', priority: 1 },
    { policy: 'SCHED_RR', priority: 99 },
    { policy: 'SCHED_RR', flags: ['SCHED_FLAG_KEEP_PARAMS'] },
    deadline,
    { ...deadline, flags: ['SCHED_FLAG_RECLAIM', 'SCHED_FLAG_DL_OVERRUN'] },
    { policy: 'SCHED_DEADLINE', runtime: 2000, deadline: 2000 },
    { policy: 'SCHED_DEADLINE', flags: ['SCHED_FLAG_KEEP_POLICY'] },
    { policy: 'SCHED_DEADLINE', runtime: 1024, deadline: 9223372036854775807n },
  ]) {
    t.strictSame(read(given(scheduler)).process?.scheduler, scheduler)
  }
})

t.test('what it does not take, or ignores, is refused', async t => {
  refuses(t, [
    [`${at}.policy`, given({})],
    [`${at}.policy`, given({ policy: 'SCHED_ISO' })],
    [`${at}.policy`, given({ policy: 'other' })],
    [`${at}.nice`, given({ policy: 'SCHED_OTHER', nice: 20 })],
    [`${at}.nice`, given({ policy: 'SCHED_OTHER', nice: -21 })],
    [`${at}.priority`, given({ policy: 'SCHED_OTHER', priority: 1 })],
    [`${at}.priority`, given({ policy: 'SCHED_DEADLINE', priority: 1, runtime: 1024, deadline: 1024 })],
    [`${at}.priority`, given({ policy: 'SCHED_FIFO' })],
    [`${at}.priority`, given({ policy: 'SCHED_FIFO', priority: -1 })],
    [`${at}.priority`, given({ policy: 'SCHED_FIFO', priority: 100 })],
    [
      `${at}.flags[1]`,
      given({ policy: 'SCHED_OTHER', flags: ['SCHED_FLAG_RESET_ON_FORK', 'SCHED_FLAG_RECLAIM'] }),
    ],
    [`${at}.flags[0]`, given({ policy: 'SCHED_RR', priority: 1, flags: ['SCHED_FLAG_DL_OVERRUN'] })],
    [`${at}.flags[0]`, given({ policy: 'SCHED_OTHER', flags: ['RESET'] })],
    [`${at}.runtime`, given({ policy: 'SCHED_OTHER', runtime: 1024 })],
    [`${at}.deadline`, given({ policy: 'SCHED_FIFO', priority: 1, deadline: 1 })],
    [`${at}.period`, given({ policy: 'SCHED_BATCH', period: 1 })],
    [`${at}.runtime`, given({ ...deadline, runtime: 9223372036854775808n })],
    [`${at}.runtime`, given({ ...deadline, runtime: -1 })],
    [at, given({ policy: 'SCHED_DEADLINE' })],
    [at, given({ ...deadline, runtime: 1023 })],
    [at, given({ ...deadline, runtime: 2001 })],
    [at, given({ ...deadline, period: 1999 })],
  ])
})
