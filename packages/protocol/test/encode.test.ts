import { isTsboxError } from '@tsbox/errors'
import fc from 'fast-check'
import t from 'tap'
import { holds } from '../../../test/helpers/property.ts'
import { decodePlan, encode, type Op, PLAN_FLAGS, type Plan, PROTOCOL } from '../src/index.ts'
import { anyPlan } from './plans.ts'

const inner = (...ops: readonly Op[]): Plan => ({ outer: [], inner: ops, teardown: [] })
const hostname = (name: string | Uint8Array): Plan => inner({ op: 'setHostname', name })

const same = (a: unknown, b: unknown): boolean => print(a) === print(b)
const print = (value: unknown): string =>
  JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? `${item}n` : item))

const refusalOf = (plan: Plan): unknown => {
  try {
    encode(plan)
    return undefined
  } catch (error) {
    return error
  }
}

t.test('a plan that is encoded and decoded is the same plan', async t => {
  holds(
    t,
    fc.property(anyPlan, plan => same(decodePlan(encode(plan)), plan)),
  )
})

t.test('the header says what a plan holds', async t => {
  const plan: Plan = {
    outer: [{ op: 'await', tag: 1 }],
    inner: [{ op: 'init' }, { op: 'noNewPrivs' }],
    teardown: [],
  }
  const bytes = encode(plan, PLAN_FLAGS.trace)
  t.equal(bytes.toString('latin1', 0, 4), 'TSBX')
  t.equal(bytes.readUInt16LE(4), PROTOCOL.version)
  t.equal(bytes.readUInt16LE(6), PLAN_FLAGS.trace)
  t.same(
    [8, 12, 16].map(at => bytes.readUInt32LE(at)),
    [1, 2, 0],
  )
  t.equal(bytes.readUInt32LE(20), bytes.length - PROTOCOL.headerBytes)
})

t.test('a string travels with one NUL, its last byte', async t => {
  t.equal(encode(hostname('box')).toString('latin1', PROTOCOL.headerBytes + 8), '\x04\0\0\0box\0')
  t.equal(encode(hostname('')).toString('latin1', PROTOCOL.headerBytes + 8), '\x01\0\0\0\0')
  t.equal(encode(hostname('é')).toString('latin1', PROTOCOL.headerBytes + 8), '\x03\0\0\0\xc3\xa9\0')
})

t.test('a NUL byte inside a string is refused, by the name of its field', async t => {
  for (const name of ['a\0b', '\0', 'a\0', Buffer.from([0]), Buffer.from('a\0b')]) {
    const error = refusalOf(hostname(name))
    t.ok(isTsboxError(error, 'ERR_TSBOX_SPEC'))
    t.match(error, { step: 'setHostname', message: /setHostname\.name.*NUL/ })
  }
  t.match(refusalOf(inner({ op: 'exec', paths: [], argv: ['ok', 'not\0ok'], env: [] })), { step: 'exec' })
})

t.test('a NUL byte in the contents of a file is a byte like any other', async t => {
  const op: Op = { op: 'makeFile', root: 0, path: 'x', mode: 0, data: Buffer.from([0, 255, 0]) }
  t.same(decodePlan(encode(inner(op))).inner, [op])
})

t.test('a number that does not fit its field is refused', async t => {
  for (const mask of [-1, 2 ** 32, 0.5, Number.NaN, '1' as unknown as number])
    t.match(refusalOf(inner({ op: 'setUmask', mask })), { code: 'ERR_TSBOX_SPEC', step: 'setUmask' })
  for (const flags of [-1n, 2n ** 64n])
    t.match(refusalOf(inner({ op: 'unshare', flags })), { code: 'ERR_TSBOX_SPEC', step: 'unshare' })
})

t.test('a plan over a maximum is refused, one at the maximum is not', async t => {
  const ops = (count: number) => inner(...Array.from({ length: count }, (): Op => ({ op: 'init' })))
  t.doesNotThrow(() => encode(ops(PROTOCOL.maxOps)))
  t.match(refusalOf(ops(PROTOCOL.maxOps + 1)), { code: 'ERR_TSBOX_SPEC', hint: /shorten/ })
  const room = PROTOCOL.maxBodyBytes - 8 - 4 - 1
  t.equal(encode(hostname('x'.repeat(room))).length, PROTOCOL.headerBytes + PROTOCOL.maxBodyBytes)
  t.match(refusalOf(hostname('x'.repeat(room + 1))), { code: 'ERR_TSBOX_SPEC', message: /too large/ })
  const groups = (count: number) =>
    inner({ op: 'setIds', uid: 0, gid: 0, groups: Array(count).fill(0), setGroups: 1 })
  t.doesNotThrow(() => encode(groups(PROTOCOL.maxStrings)))
  t.match(refusalOf(groups(PROTOCOL.maxStrings + 1)), { code: 'ERR_TSBOX_SPEC', step: 'setIds' })
})

t.test('bytes that are no plan of this version are not decoded', async t => {
  const bytes = encode(hostname('box'))
  const changed = (at: number) => Buffer.from(bytes).fill(bytes[at]! ^ 1, at, at + 1)
  t.throws(() => decodePlan(changed(0)), RangeError)
  t.throws(() => decodePlan(changed(4)), RangeError)
  t.throws(() => decodePlan(changed(PROTOCOL.headerBytes + 1)), /unknown operation/)
})
