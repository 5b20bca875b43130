import type { Plan } from '@tsbox/protocol'
import type { Receipt } from '@tsbox/runtime'
import t from 'tap'
import { notesOf } from '../../src/report/outcome.ts'

const planWith = (file: string, data: string): Plan => ({
  outer: [{ op: 'writeAt', dir: 16, file, data }],
  inner: [],
  teardown: [],
})

const notes = (
  receipt: Partial<Pick<Receipt, 'cause' | 'limits'>>,
  plan: Plan = planWith('pids.max', '20'),
  timeout = 0,
) =>
  notesOf({ cause: 'exit', limits: { oomKills: 0, pidsLimitHits: 0 }, ...receipt } as Receipt, {
    plan,
    timeout,
  })

t.test('of a box that ended by itself within its limits there is nothing to say', async t => {
  t.strictSame(notes({}), [])
  t.strictSame(notes({ limits: { oomKills: undefined, pidsLimitHits: undefined } }), [])
  t.strictSame(notes({ cause: 'signal' }), [])
})

t.test('a limit that was hit is told with its value and how often', async t => {
  t.strictSame(notes({ limits: { oomKills: 0, pidsLimitHits: 1 } }), [
    'the box hit its limit of 20 processes once',
  ])
  t.strictSame(notes({ limits: { oomKills: 0, pidsLimitHits: 17 } }), [
    'the box hit its limit of 20 processes 17 times',
  ])
})

t.test(
  'a kill for memory is told with the limit in units one reads, on either version of cgroups',
  async t => {
    const killed = (file: string, data: string, oomKills = 1) =>
      notes({ limits: { oomKills, pidsLimitHits: 0 } }, planWith(file, data))[0]
    const start = 'a process was killed because the box reached its memory limit'
    t.equal(killed('memory.max', '67108864'), `${start} of 64 MiB`)
    t.equal(killed('memory.limit_in_bytes', '1610612736'), `${start} of 1.5 GiB`)
    t.equal(killed('memory.max', '512'), `${start} of 512 bytes`)
    t.equal(killed('memory.max', '0'), `${start} of 0 bytes`)
    t.equal(killed('memory.max', 'max'), start)
    t.equal(killed('memory.limit_in_bytes', '-1'), start)
    t.equal(killed('pids.max', '5'), start, 'a limit that is not in the plan is not made up')
    t.match(killed('memory.max', '1024', 3), /^3 processes were killed/)
  },
)

t.test('a box that was over its time is told so, in seconds', async t => {
  t.strictSame(notes({ cause: 'timeout' }, planWith('x', ''), 5000), [
    'the box was ended after its time limit of 5 s',
  ])
  t.strictSame(notes({ cause: 'timeout' }, planWith('x', ''), 250), [
    'the box was ended after its time limit of 0.25 s',
  ])
})

t.test('everything that happened is told, not the first only', async t => {
  t.equal(notes({ cause: 'timeout', limits: { oomKills: 1, pidsLimitHits: 1 } }).length, 3)
})
