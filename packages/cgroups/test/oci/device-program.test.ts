import fc from 'fast-check'
import t from 'tap'
import { type DeviceRule, deviceProgram, deviceRules } from '../../src/index.ts'
import { anyRule, meant, REQUESTS, type Request } from './device-model.ts'

/** As many eBPF instructions as device programs need; anything else, and any way out of the program, is an error. */
const run = (program: Buffer, { type, major, minor, access }: Request): number => {
  const context = [(access << 16) | (type === 'b' ? 1 : 2), major, minor]
  const registers: number[] = []
  for (let at = 0; ; at++) {
    const op = program.readUInt8(at * 8)
    const to = program.readUInt8(at * 8 + 1) & 15
    const offset = program.readInt16LE(at * 8 + 2)
    const value = program.readUInt32LE(at * 8 + 4)
    const old = registers[to]
    if (op === 0x95) return registers[0]!
    if (op === 0xb4) registers[to] = value
    else if (op === 0x61) registers[to] = context[offset / 4]!
    else if (old === undefined) throw new Error(`instruction ${at} uses register ${to}, which is not set`)
    else if (op === 0x54) registers[to] = (old & value) >>> 0
    else if (op === 0x74) registers[to] = old >>> value
    else if (op === 0x56) at += old === value ? 0 : offset
    else if (op === 0x46) at += old & value ? offset : 0
    else throw new Error(`instruction ${at} is unknown: ${op.toString(16)}`)
    if (offset < 0) throw new Error('it jumps back')
  }
}

t.test('the program says what the rules say, for any rules and any device', async t => {
  fc.assert(
    fc.property(fc.array(anyRule, { maxLength: 8 }), rules => {
      const program = deviceProgram(rules)
      const wrong = REQUESTS.find(request => run(program, request) !== Number(meant(rules, request)))
      t.equal(wrong, undefined)
    }),
    { numRuns: 1000 },
  )
})

t.test('numbers of all 32 bits are compared whole', async t => {
  const rule: DeviceRule = { allow: true, type: 'c', major: 0xffff_ffff, minor: 0x8000_0000, access: 7 }
  const program = deviceProgram([rule])
  const request = { type: 'c', major: 0xffff_ffff, minor: 0x8000_0000, access: 2 } as const
  t.equal(run(program, request), 1)
  t.equal(run(program, { ...request, minor: 0 }), 0)
  t.equal(run(program, { ...request, major: 0x7fff_ffff }), 0)
})

t.test('a privileged container has a short program, and one without rules denies all', async t => {
  t.ok(deviceProgram(deviceRules([{ allow: true }])).length <= 20 * 8)
  const empty = deviceProgram([])
  t.ok(REQUESTS.every(request => run(empty, request) === 0))
})

t.test('access without reading, writing or making is no way in where nothing is allowed', async t => {
  t.equal(run(deviceProgram([]), { type: 'c', major: 1, minor: 3, access: 0 }), 0)
  t.equal(run(deviceProgram(deviceRules()), { type: 'c', major: 1, minor: 3, access: 0 }), 1)
})

t.test('more rules than a program can hold are refused', async t => {
  const rules = Array.from(
    { length: 6000 },
    (_, index): DeviceRule => ({ allow: true, type: 'c', major: 1, minor: index, access: 2 }),
  )
  t.throws(() => deviceProgram(rules), { code: 'ERR_TSBOX_SPEC', step: 'linux.resources.devices' })
})
