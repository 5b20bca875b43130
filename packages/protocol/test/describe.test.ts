import fc from 'fast-check'
import t from 'tap'
import { holds } from '../../../test/helpers/property.ts'
import { describeOp, describePlan, PROTOCOL } from '../src/index.ts'
import { anyPlan } from './plans.ts'

t.test('an operation is one line, with what is unset left out', async t => {
  t.equal(describeOp({ op: 'setHostname', name: 'container' }), 'setHostname name="container"')
  t.equal(
    describeOp({ op: 'openTree', slot: 3, from: PROTOCOL.noSlot, path: '/srv', recursive: 1 }),
    'openTree slot=#3 path="/srv" recursive=1',
  )
  t.equal(describeOp({ op: 'collect', dir: 1, file: 'f', key: null }), 'collect dir=#1 file="f"')
  t.equal(
    describeOp({ op: 'setIds', uid: 1, gid: 2, groups: [3, 4], setGroups: 1 }),
    'setIds uid=1 gid=2 groups=[3, 4] setGroups=1',
  )
  t.equal(describeOp({ op: 'noNewPrivs' }), 'noNewPrivs')
})

t.test('a long value is cut, and says how long it is', async t => {
  const line = describeOp({ op: 'setHostname', name: 'x'.repeat(1000) })
  t.match(line, /x…" \(1000 characters\)$/)
  t.ok(line.length < 260)
})

t.test('no value can write to a terminal what it likes', async t => {
  holds(
    t,
    fc.property(anyPlan, plan => {
      const text = describePlan(plan)
      // Other than line ends, no control characters and nothing that turns the direction of writing.
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      return !/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(text)
    }),
  )
})

t.test('a plan is three chapters, numbered through', async t => {
  const text = describePlan({
    outer: [{ op: 'await', tag: 1 }],
    inner: [{ op: 'init' }],
    teardown: [{ op: 'await', tag: 2 }],
  })
  t.match(
    text,
    /^outer: .*\n {3}0 {2}await tag=1\n\ninner: .*\n {3}1 {2}init\n\nteardown: .*\n {3}2 {2}await tag=2$/,
  )
})
