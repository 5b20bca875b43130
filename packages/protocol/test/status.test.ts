import fc from 'fast-check'
import t from 'tap'
import { holds } from '../../../test/helpers/property.ts'
import { decodeStatus, PROTOCOL, RECORD_KINDS } from '../src/index.ts'

interface Fields {
  readonly kind: number
  readonly code?: number
  readonly index?: number
  readonly value?: number
  readonly extra?: number
  readonly payload?: Buffer
}

const recordOf = ({ kind, code = 0, index = 0, value = 0, extra = 0, payload = Buffer.alloc(0) }: Fields) => {
  const bytes = Buffer.alloc(PROTOCOL.recordBytes)
  bytes.writeUInt16LE(kind, 0)
  bytes.writeUInt16LE(code, 2)
  bytes.writeUInt32LE(index, 4)
  bytes.writeInt32LE(value, 8)
  bytes.writeInt32LE(extra, 12)
  bytes.writeBigUInt64LE(123_456_789_012n, 16)
  bytes.writeUInt32LE(payload.length, 24)
  return Buffer.concat([bytes, payload])
}

const numberOf = (name: (typeof RECORD_KINDS)[number]) => RECORD_KINDS.indexOf(name) + 1
const ns = 123_456_789_012n
const only = (fields: Fields) => decodeStatus(recordOf(fields)).records[0]

t.test('each kind of record says what it has to say', async t => {
  t.same(only({ kind: numberOf('refused'), index: 3, value: 74 }), {
    kind: 'refused',
    errno: 74,
    index: 3,
    ns,
  })
  t.same(only({ kind: numberOf('done'), code: 2, index: 4 }), { kind: 'done', code: 2, index: 4, ns })
  t.same(only({ kind: numberOf('failed'), code: 2, index: 4, value: 13 }), {
    kind: 'failed',
    code: 2,
    index: 4,
    errno: 13,
    ns,
  })
  t.same(only({ kind: numberOf('await'), index: 5 }), { kind: 'await', index: 5, ns })
  t.same(only({ kind: numberOf('cloned'), value: 99 }), { kind: 'cloned', pid: 99, ns })
  t.same(only({ kind: numberOf('started'), value: 99 }), { kind: 'started', pid: 99, ns })
  t.same(only({ kind: numberOf('tornDown') }), { kind: 'tornDown', ns })
  const payload = Buffer.from('max 3\n')
  t.same(only({ kind: numberOf('counter'), index: 6, payload }), {
    kind: 'counter',
    index: 6,
    data: payload,
    ns,
  })
})

t.test('an exit has its wait status, its reason and the signal behind it', async t => {
  const exited = (value: number, extra: number) => only({ kind: numberOf('exited'), value, extra })
  t.match(exited(7 << 8, 0), { wait: 7 << 8, reason: 'exit', signal: 0 })
  t.match(exited(9, 1), { wait: 9, reason: 'timeout', signal: 0 })
  t.match(exited(9, 2 | (15 << 8)), { reason: 'stopped', signal: 15 })
  t.match(exited(9, 3), { reason: 'owner-lost' })
})

t.test('records arrive in pieces of any size', async t => {
  const whole = Buffer.concat([
    recordOf({ kind: numberOf('cloned'), value: 7 }),
    recordOf({ kind: numberOf('counter'), payload: Buffer.from('a counter') }),
    recordOf({ kind: numberOf('tornDown') }),
  ])
  holds(
    t,
    fc.property(fc.array(fc.nat(whole.length), { maxLength: 6 }), cuts => {
      const places = [...cuts.sort((a, b) => a - b), whole.length]
      let rest: Buffer = Buffer.alloc(0)
      let at = 0
      const kinds: string[] = []
      for (const place of places) {
        const decoded = decodeStatus(Buffer.concat([rest, whole.subarray(at, place)]))
        rest = decoded.rest
        at = place
        kinds.push(...decoded.records.map(({ kind }) => kind))
      }
      return rest.length === 0 && kinds.join() === 'cloned,counter,tornDown'
    }),
  )
})

t.test('what is not a whole record is kept for later', async t => {
  const bytes = recordOf({ kind: numberOf('counter'), payload: Buffer.from('text') })
  for (const length of [0, 1, 31, 32, 35]) {
    const { records, rest } = decodeStatus(bytes.subarray(0, length))
    t.same(records, [])
    t.equal(rest.length, length)
  }
})

t.test('a kind of record nobody knows is an error', async t => {
  for (const kind of [0, RECORD_KINDS.length + 1, 0xffff])
    t.throws(() => decodeStatus(recordOf({ kind })), /unknown status record/)
})
