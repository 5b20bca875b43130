import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { detectHost } from '@tsbox/cgroups'
import { planBox } from '@tsbox/plan'
import { allOps, encode, type OPS, RECORD_KINDS, type StatusRecord } from '@tsbox/protocol'
import { hostFacts } from '@tsbox/runtime'
import { parseBox } from '@tsbox/spec'
import t from 'tap'
import { PLAIN_ROOT } from '../../../plan/test/hosts.ts'
import { tsboxFromSource } from '../command-line.ts'

const box = parseBox({ args: ['true'], name: 'back', limits: { pids: { max: 20 } } })
const plan = planBox(box, hostFacts(box), { root: PLAIN_ROOT, lease: false })

/** The bytes the shim would have told. */
const record = (
  kind: StatusRecord['kind'],
  fields: { index?: number; value?: number; extra?: number; payload?: string },
): Buffer => {
  const payload = Buffer.from(fields.payload ?? '')
  const bytes = Buffer.alloc(32)
  bytes.writeUInt16LE(RECORD_KINDS.indexOf(kind) + 1, 0)
  bytes.writeUInt32LE(fields.index ?? 0, 4)
  bytes.writeInt32LE(fields.value ?? 0, 8)
  bytes.writeInt32LE(fields.extra ?? 0, 12)
  bytes.writeBigUInt64LE(1000n, 16)
  bytes.writeUInt32LE(payload.length, 24)
  return Buffer.concat([bytes, payload])
}

const started = [record('cloned', { value: 5 }), record('started', { value: 5 })]
const hits = record('counter', {
  index: allOps(plan).findIndex(op => op.op === 'collect' && op.file === 'pids.events'),
  payload: 'max 17\n',
})
const failed = (name: keyof typeof OPS, errno: number) =>
  record('failed', { index: allOps(plan).findIndex(({ op }) => op === name), value: errno })

/** Runs the handback as the supervisor would: the plan at descriptor 3, what was told at 4. */
const handback = (dir: string, told: readonly Buffer[], wanted: Record<string, unknown> = {}) => {
  writeFileSync(join(dir, 'plan'), encode(plan))
  writeFileSync(join(dir, 'told'), Buffer.concat(told))
  const fds = ['plan', 'told'].map(name => openSync(join(dir, name), 'r'))
  try {
    return tsboxFromSource(['handback'], {
      stdio: ['ignore', 'pipe', 'pipe', ...fds],
      env: { TSBOX_HANDBACK: JSON.stringify({ timeout: 5000, ...wanted }) },
    })
  } finally {
    for (const fd of fds) closeSync(fd)
  }
}

t.test('the command ends like the program, and tells which limit it hit', async t => {
  const told = [...started, record('exited', { value: 3 << 8 }), hits]
  t.strictSame(handback(t.testdir(), told), {
    status: 3,
    stdout: '',
    stderr: 'tsbox: the box hit its limit of 20 processes 17 times\n',
  })
})

t.test('a box that was over its time is told so', async t => {
  const { status, stderr } = handback(t.testdir(), [...started, record('exited', { value: 9, extra: 1 })])
  t.strictSame([status, stderr], [137, 'tsbox: the box was ended after its time limit of 5 s\n'])
})

t.test('a set-up that failed is a typed error with its status', async t => {
  const none = handback(t.testdir(), [
    record('cloned', {}),
    failed('exec', 2),
    record('exited', { value: 127 << 8 }),
  ])
  t.match(none, { status: 127, stderr: /^tsbox: "true" .*\[ERR_TSBOX_NOT_FOUND\]\n/ })
  t.match(handback(t.testdir(), [failed('claim', 17)]), { status: 125, stderr: /\[ERR_TSBOX_NAME_TAKEN\]/ })
})

t.test('what could not be removed is told, and the program’s status stays', async t => {
  const told = [...started, record('exited', { value: 7 << 8 }), failed('removeCgroup', 16)]
  t.match(handback(t.testdir(), told), { status: 7, stderr: /removeCgroup.*\[ERR_TSBOX_/ })
})

t.test('a receipt and a trace are whole files of JSON, and leave no other beside them', async t => {
  const dir = t.testdir({ out: {} })
  const out = (name: string) => join(dir, 'out', name)
  const told = [record('done', { index: 0 }), ...started, record('exited', { value: 0 }), hits]
  const { status } = handback(dir, told, { receipt: out('receipt'), trace: out('trace') })
  t.equal(status, 0)
  t.match(JSON.parse(readFileSync(out('receipt'), 'utf8')), {
    name: 'back',
    cause: 'exit',
    exitStatus: 0,
    limits: { pidsLimitHits: 17 },
  })
  const { traceEvents } = JSON.parse(readFileSync(out('trace'), 'utf8'))
  t.match(traceEvents, [{ name: 'claim', ph: 'X' }, { name: 'exec' }])
  t.strictSame(readdirSync(join(dir, 'out')).sort(), ['receipt', 'trace'])
})

t.test('a link where the receipt goes is replaced, what it points at is not touched', async t => {
  const dir = t.testdir({ precious: 'kept' })
  symlinkSync(join(dir, 'precious'), join(dir, 'receipt'))
  handback(dir, [...started, record('exited', {})], { receipt: join(dir, 'receipt') })
  t.equal(readFileSync(join(dir, 'precious'), 'utf8'), 'kept')
  t.match(JSON.parse(readFileSync(join(dir, 'receipt'), 'utf8')), { name: 'back' })
})

t.test('this host counts forks that were refused, which the tests above rest on', async t => {
  t.ok(
    allOps(plan).some(op => op.op === 'collect' && op.file === 'pids.events'),
    detectHost().mode,
  )
  t.notOk(existsSync('/run/tsbox/back'), 'and nothing was run')
})
