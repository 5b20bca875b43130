import { type Op, type Plan, PROTOCOL, type StatusRecord } from '@tsbox/protocol'
import t from 'tap'
import { errorOf, teardownFailures } from '../src/index.ts'

const claim: Op = { op: 'claim', slot: 0, path: '/run/tsbox/web', reclaim: 1 }
const clone: Op = { op: 'clone', flags: 0n, cgroup: PROTOCOL.noSlot }
const supervise: Op = { op: 'supervise', timeoutMs: 0, stopSignal: 15, stopTimeoutMs: 0, flags: 0 }
const exec: Op = { op: 'exec', paths: ['/bin/web'], argv: ['web'], env: [] }
const collect: Op = { op: 'collect', dir: 0, file: 'pids.events', key: null }
const release: Op = { op: 'release', path: '/run/tsbox/web' }

const planWith = (op: Op): Plan => ({
  outer: [claim, clone, supervise],
  inner: [op, exec],
  teardown: [collect, release],
})
const plan = planWith({ op: 'setHostname', name: 'x' })
const TESTED = 3

const ns = 0n
const failed = (index: number, errno: number): StatusRecord => ({ kind: 'failed', code: 0, index, errno, ns })
const done = (index: number): StatusRecord => ({ kind: 'done', code: 0, index, ns })
const started: StatusRecord = { kind: 'started', pid: 7, ns }
const exited = (
  wait: number,
  more: Partial<Extract<StatusRecord, { kind: 'exited' }>> = {},
): StatusRecord => ({
  kind: 'exited',
  wait,
  reason: 'exit',
  signal: 0,
  ns,
  ...more,
})

const [ENOENT, E2BIG, EACCES, EBUSY, EEXIST, EPROTONOSUPPORT, EBADMSG] = [2, 7, 13, 16, 17, 93, 74]

t.test('a box that started has no error, whatever its program did', async t => {
  t.equal(errorOf(plan, [started, exited(7 << 8)]), undefined)
  t.equal(errorOf(plan, [started, exited(9), failed(6, EBUSY)]), undefined)
})

t.test('a step that failed is told with its name, place, cause and hint', async t => {
  const op: Op = { op: 'attach', mount: 1, root: 2, target: '/srv', make: 1, nofollow: 0 }
  const error = errorOf(planWith(op), [failed(TESTED, 30), exited(125 << 8)])
  t.match(error, {
    code: 'ERR_TSBOX_STEP',
    step: 'attach',
    index: TESTED,
    exitStatus: 125,
    hint: /read-only/,
  })
  t.equal(error?.op, op)
  t.match(error?.cause, { code: 'EROFS', errno: -30, syscall: 'attach' })
  t.match(error?.message, /target="\/srv".*read-only/)
})

t.test('each kind of failure has its code', async t => {
  const codeFor = (op: Op, errno: number) => errorOf(planWith(op), [failed(TESTED, errno)])?.code
  t.equal(codeFor(exec, ENOENT), 'ERR_TSBOX_NOT_FOUND')
  t.equal(codeFor(exec, EACCES), 'ERR_TSBOX_NOT_EXECUTABLE')
  t.equal(codeFor(exec, E2BIG), 'ERR_TSBOX_NOT_EXECUTABLE')
  t.equal(codeFor(claim, EEXIST), 'ERR_TSBOX_NAME_TAKEN')
  t.equal(codeFor(claim, EACCES), 'ERR_TSBOX_STEP')
  const group: Op = {
    op: 'makeCgroup',
    slot: 0,
    mount: '/m',
    path: '/p',
    enable: null,
    inherit: [],
    reuse: 0,
  }
  t.equal(codeFor(group, EBUSY), 'ERR_TSBOX_CGROUP')
  const write: Op = { op: 'writeAt', dir: 0, file: 'pids.max', data: '1' }
  t.equal(codeFor(write, ENOENT), 'ERR_TSBOX_CONTROLLER')
  t.equal(codeFor(write, EACCES), 'ERR_TSBOX_STEP')
  const profile: Op = { op: 'writeAt', dir: 0, file: 'attr/apparmor/exec', data: 'exec none' }
  t.equal(codeFor(profile, ENOENT), 'ERR_TSBOX_STEP', 'a profile is no controller')
  const open: Op = { op: 'open', slot: 0, path: '/x', flags: 0 }
  t.equal(codeFor(open, ENOENT), 'ERR_TSBOX_ROOTFS')
  t.equal(codeFor(open, EACCES), 'ERR_TSBOX_STEP')
})

t.test('a name that is taken is told by the name', async t => {
  t.equal(errorOf(plan, [failed(0, EEXIST)])?.message, 'a box named "web" is running')
})

t.test('a container is told of as one, not as a box', async t => {
  const told = (op: Op) => errorOf({ outer: [op], inner: [], teardown: [] }, [failed(0, EEXIST)])
  t.match(told({ op: 'claim', slot: 0, path: '/run/tsbox-oci/web', reclaim: 2 }), {
    code: 'ERR_TSBOX_NAME_TAKEN',
    message: 'container with given ID already exists: "web"',
    hint: /another id/,
  })
  const group: Op = {
    op: 'makeCgroup',
    slot: 0,
    mount: '/cg',
    path: '/web',
    enable: null,
    inherit: [],
    reuse: 1,
  }
  t.match(told(group), {
    code: 'ERR_TSBOX_CGROUP',
    message: 'the cgroup /cg/web has processes already',
    hint: /no processes/,
  })
  t.match(told({ ...group, reuse: 0 }), { message: /cannot be made/, hint: /--cgroup-parent/ })
})

t.test('a refused plan is told with the operation, and what to do about it', async t => {
  const refused = (errno: number, index = 0): StatusRecord => ({ kind: 'refused', errno, index, ns })
  t.match(errorOf(plan, [refused(EBADMSG, 4)]), {
    code: 'ERR_TSBOX_PLAN',
    index: 4,
    op: exec,
    hint: /report/,
  })
  t.match(errorOf(plan, [refused(EPROTONOSUPPORT)]), { code: 'ERR_TSBOX_PLAN', hint: /different versions/ })
  t.match(errorOf(plan, [refused(EBADMSG, 99)]), { code: 'ERR_TSBOX_PLAN', op: undefined })
})

t.test('a set-up that was killed says by what, and after which step', async t => {
  const killed = errorOf(plan, [done(0xffff_ffff), done(0), done(1), exited(9)])
  t.match(killed, { code: 'ERR_TSBOX_SHIM_DIED', hint: /memory or pids limit/ })
  t.match(killed?.message, /signal 9 before its program started after clone/)
  t.match(
    errorOf(plan, [exited(125 << 8)])?.message,
    /^the set-up of the box was ended before its program started$/,
  )
})

t.test('a shim that says nothing at all is told as one that died', async t => {
  t.match(errorOf(plan, []), { code: 'ERR_TSBOX_SHIM_DIED' })
})

t.test('a set-up that somebody ended is told as that, without a hint', async t => {
  for (const [reason, words] of [
    ['owner-lost', /its owner went away/],
    ['timeout', /its time limit/],
    ['stopped', /asked to stop/],
  ] as const) {
    const error = errorOf(plan, [exited(9, { reason })])
    t.match(error, { code: 'ERR_TSBOX_SHIM_DIED', hint: undefined })
    t.match(error?.message, words)
  }
  t.match(errorOf(plan, [exited(9, { signal: 2 })])?.message, /by signal 2 /)
})

t.test('what could not be removed is told by step; a missing counter is not', async t => {
  const failures = teardownFailures(plan, [
    failed(TESTED, EACCES),
    started,
    failed(5, ENOENT),
    failed(6, EBUSY),
  ])
  t.same(
    failures.map(({ step, index, code }) => [step, index, code]),
    [['release', 6, 'ERR_TSBOX_STEP']],
  )
  t.same(teardownFailures(plan, [started, exited(0)]), [])
})
