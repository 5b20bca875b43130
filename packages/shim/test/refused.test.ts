import { existsSync } from 'node:fs'
import { encode, PROTOCOL } from '@tsbox/protocol'
import t from 'tap'
import { errorOf } from '../src/index.ts'
import { isStartable, runDir, SHIMS, smallPlan, start } from './shims.ts'

const EPIPE = 32
const E2BIG = 7
const EPROTO = 71
const EBADMSG = 74
const EPROTONOSUPPORT = 93

const name = `refused-${process.pid}`
const plan = smallPlan(name, 'exit 0')
const good = encode(plan)
const changed = (change: (bytes: Buffer) => unknown): Buffer => {
  const bytes = Buffer.from(good)
  change(bytes)
  return bytes
}

/** Where the first operation begins, and where the second. */
const FIRST = PROTOCOL.headerBytes
const SECOND = FIRST + 8 + good.readUInt32LE(FIRST + 4)

const REFUSED: Readonly<Record<string, readonly [bytes: Buffer, errno: number, index: number]>> = {
  'no plan at all': [Buffer.alloc(4096, 'x'), EPROTO, 0],
  'another version': [changed(b => b.writeUInt16LE(PROTOCOL.version + 1, 4)), EPROTONOSUPPORT, 0],
  'an unknown flag': [changed(b => b.writeUInt16LE(0x8000, 6)), EPROTONOSUPPORT, 0],
  'a body over the maximum': [changed(b => b.writeUInt32LE(PROTOCOL.maxBodyBytes + 1, 20)), E2BIG, 0],
  'too many operations': [changed(b => b.writeUInt32LE(0xffff_ffff, 12)), E2BIG, 0],
  'an unknown operation': [changed(b => b.writeUInt16LE(999, SECOND)), EBADMSG, 1],
  'a reserved bit': [changed(b => b.writeUInt16LE(1, SECOND + 2)), EBADMSG, 1],
  'an operation of another chapter': [changed(b => b.writeUInt32LE(4, 8)), EBADMSG, 3],
  'an operation too few': [changed(b => b.writeUInt32LE(2, 16)), EBADMSG, 5],
  'an operation too many': [changed(b => b.writeUInt32LE(0, 16)), EBADMSG, 4],
  'garbage at the end of the body': [
    Buffer.concat([changed(b => b.writeUInt32LE(good.length - FIRST + 3, 20)), Buffer.from('xyz')]),
    EBADMSG,
    5,
  ],
  'a string without its NUL': [changed(b => b.writeUInt8(1, SECOND - 5)), EBADMSG, 0],
  'a slot that does not exist': [changed(b => b.writeUInt32LE(PROTOCOL.maxSlots, FIRST + 8)), EBADMSG, 0],
}

for (const [build, shim] of Object.entries(SHIMS)) {
  if (!isStartable(shim)) {
    t.equal(build, 'sanitized', `the ${build} shim cannot be started here: only the other one is tested`)
    continue
  }
  for (const [what, [bytes, errno, index]] of Object.entries(REFUSED)) {
    t.test(`${build}: ${what} is refused before anything happens`, async t => {
      const { code, records, stderr } = await start(shim, bytes).told
      t.equal(stderr, '')
      t.equal(code, 125)
      t.equal(records.length, 1, 'one record')
      t.match(records[0], { kind: 'refused', errno, index })
      t.notOk(existsSync(runDir(name)), 'nothing was made')
      const hint = errno === EPROTONOSUPPORT ? /different versions/ : /report/
      t.match(errorOf(plan, records), { code: 'ERR_TSBOX_PLAN', index, hint })
    })
  }

  t.test(`${build}: a plan cut short anywhere is refused before anything happens`, async t => {
    const step = build === 'release' ? 7 : 40
    const lengths = Array.from({ length: Math.ceil(good.length / step) }, (_, i) => i * step)
    for (const length of [...lengths, good.length - 1]) {
      const { shim: running, told } = start(shim, good.subarray(0, length))
      running.child.stdio[3]?.once('finish', () => {})
      setImmediate(running.abandon)
      const { code, records, stderr } = await told
      const refused = records[0]?.kind === 'refused' && records[0].errno === EPIPE && records.length === 1
      if (code !== 125 || !refused || stderr !== '' || existsSync(runDir(name)))
        t.fail(`${length} bytes: ${code} ${JSON.stringify(records, (_, v) => String(v))} ${stderr}`)
    }
    t.pass(`at ${lengths.length + 1} places`)
  })
}
