import { constants } from 'node:os'
import { type Kind, OPS, type Op, type OpRow } from '@tsbox/protocol'
import t from 'tap'
import { errnoName } from '../src/errno.ts'
import { HINTS, hintFor } from '../src/hints.ts'

const PLAIN: Record<Kind, unknown> = {
  u32: 0,
  slot: 0,
  u64: 0n,
  str: 'x',
  'str?': null,
  strs: ['x'],
  bytes: 'x',
  u32s: [],
}

/** Values by which rows tell one operation from another of its kind. */
const TELLING: Readonly<Record<string, readonly (string | number)[]>> = {
  reclaim: [2],
  reuse: [1],
  file: [
    'attr/apparmor/exec',
    'sys/net/core/rmem_max',
    'memory.memsw.limit_in_bytes',
    'memory.swap.max',
    'io.weight',
    'blkio.bfq.weight',
    'cpuset.cpus',
  ],
  path: ['/proc/kcore', '/srv'],
  target: ['/proc', '/sys', '/dev', '/srv'],
  type: ['overlay', 'tmpfs'],
}

/** Each operation in its plain form, and in each that some row looks for. */
const ops: readonly Op[] = Object.entries(OPS).flatMap(([name, row]: [string, OpRow]) => {
  const plain = Object.fromEntries(row.fields.map(([field, kind]) => [field, PLAIN[kind]]))
  const telling = row.fields.flatMap(([field]) =>
    (TELLING[field] ?? []).map(value => ({ ...plain, [field]: value })),
  )
  return [plain, ...telling].map(fields => ({ op: name, ...fields }) as unknown as Op)
})

t.test('every hint is given for some operation', async t => {
  for (const { step, errno, hint } of HINTS)
    t.ok(
      ops.some(op => hintFor(op, errno) === hint && (step === 'any' || step === op.op)),
      `${step} ${errno}: ${hint}`,
    )
})

t.test('every hint is for an error number of Linux, and is a sentence', async t => {
  const names = new Set(Object.values(constants.errno).map(errnoName))
  for (const { errno, hint } of HINTS) {
    t.ok(names.has(errno) || errno === 'ENOEXEC', errno)
    t.match(hint, /^([A-Z`/]|overlayfs ).*\.$/)
  }
})

t.test('a hint is the most telling one for the file', async t => {
  const write = (file: string): Op => ({ op: 'writeAt', dir: 0, file, data: '' })
  t.match(hintFor(write('memory.swap.max'), 'ENOENT'), /swap/)
  t.match(hintFor(write('io.bfq.weight'), 'ENOENT'), /I\/O/)
  t.match(hintFor(write('pids.max'), 'ENOENT'), /does not have that file/)
})

t.test('an error that says all there is to say has no hint', async t => {
  t.equal(hintFor({ op: 'setHostname', name: 'x' }, 'EINVAL'), undefined)
  t.equal(hintFor({ op: 'init' }, 'errno 9999'), undefined)
})
