import type { StatusRecord } from '@tsbox/protocol'
import t from 'tap'
import { traceEvents } from '../src/index.ts'
import { indexOf, planOn } from './told.ts'

const plan = planOn('v2')
const done = (index: number, us: number): StatusRecord => ({
  kind: 'done',
  code: 0,
  index,
  ns: BigInt(us) * 1000n,
})

t.test('every operation becomes an event that lasts from the one before it in its process', async t => {
  const first = plan.outer.length
  const events = traceEvents(plan, [
    done(0, 100),
    done(1, 130),
    { kind: 'cloned', pid: 7, ns: 200_000n },
    done(first, 250),
    done(first + 1, 270),
    { kind: 'started', pid: 7, ns: 300_000n },
    { kind: 'exited', wait: 0, reason: 'exit', signal: 0, ns: 400_000n },
    done(first + plan.inner.length, 450),
  ])
  t.match(events, [
    { name: 'claim', cat: 'outer', tid: 1, ts: 0, dur: 0 },
    { name: 'makeCgroup', cat: 'outer', tid: 1, ts: 0, dur: 30 },
    { name: 'unshare', cat: 'inner', tid: 2, ts: 100, dur: 50 },
    { name: 'setPropagation', cat: 'inner', tid: 2, ts: 150, dur: 20 },
    { name: 'exec', cat: 'inner', tid: 2, ts: 170, dur: 30 },
    { cat: 'teardown', tid: 1, ts: 30, dur: 320 },
  ])
  for (const event of events) t.match(event, { ph: 'X', pid: 1 })
})

t.test('a failed operation is told as failed, with what it was', async t => {
  const index = indexOf(plan, 'pivotRoot')
  const [event] = traceEvents(plan, [{ kind: 'failed', code: 21, index, errno: 22, ns: 5000n }])
  t.match(event, { name: 'pivotRoot', cat: 'failed', args: { index, op: /^pivotRoot/ } })
})

t.test('an operation that is not in the plan is left out', async t => {
  t.strictSame(traceEvents(plan, [done(100_000, 1)]), [])
  t.strictSame(traceEvents(plan, []), [])
})

t.test('events are JSON: no number too large for it', async t => {
  const far = 2n ** 62n
  const events = traceEvents(plan, [
    { kind: 'done', code: 0, index: 0, ns: far },
    { kind: 'done', code: 0, index: 1, ns: far + 1500n },
  ])
  t.equal(JSON.parse(JSON.stringify(events))[1].dur, 1.5)
})
