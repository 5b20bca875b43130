import { describePlan, KERNEL, type Op, type Plan } from '@tsbox/protocol'
import { type BoxInput, parseBox } from '@tsbox/spec'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { holds } from '../../../test/helpers/property.ts'
import { type Host, planBox, runDirOf, SLOTS } from '../src/index.ts'
import { anyBox, FULL, LEAST } from './boxes.ts'
import { asExpected } from './expected.ts'
import { hostOf, MODES, PLAIN_ROOT } from './hosts.ts'
import { placesOf, planProblems } from './plan-checks.ts'

const RDONLY = BigInt(KERNEL.MOUNT_ATTR_RDONLY)
const handback = { argv: ['/usr/bin/node', '/tsbox.cjs', 'handback'], env: ['A=1'], always: false }
const plan = (input: BoxInput, host: Host = hostOf('v2')): Plan =>
  planBox(parseBox(input), host, { root: PLAIN_ROOT, lease: true, handback })

/** Asserts that everything of one list lies before everything of the next. */
const inOrder = (test: Test, ...steps: readonly (readonly number[])[]) => {
  for (const [i, places] of steps.entries()) {
    test.not(places.length, 0, `step ${i} is there`)
    const next = steps[i + 1]
    if (next) test.ok(Math.max(...places) < Math.min(...next), `${places} before ${next}`)
  }
}

for (const mode of MODES) {
  t.test(`the plan of a box that uses everything is known line by line (${mode})`, async t => {
    const host = hostOf(mode, { directories: new Set(['/data']) })
    asExpected(t, `full-${mode}`, describePlan(plan(FULL, host)))
  })
}

t.test('the plan of the least box is known line by line (v2)', async t => {
  asExpected(t, 'least-v2', describePlan(plan(LEAST)))
})

t.test('the same box on the same host gets the same plan', async t => {
  t.equal(describePlan(plan(FULL)), describePlan(plan(FULL)))
})

for (const mode of MODES) {
  t.test(`any box has a plan the shim takes, and no step needs what is not there yet (${mode})`, async t => {
    holds(
      t,
      fc.property(anyBox, fc.boolean(), (box, lease) => {
        const problems = planProblems(planBox(box, hostOf(mode), { root: PLAIN_ROOT, lease }))
        if (problems.length > 0) throw new Error(problems.join('; '))
      }),
      { numRuns: 200 },
    )
  })
}

t.test('the name is claimed before anything is made, and limits hold before init is born', async t => {
  for (const mode of MODES) {
    const { outer } = plan(FULL, hostOf(mode))
    inOrder(
      t,
      placesOf(outer, 'handback'),
      placesOf(outer, 'claim'),
      placesOf(outer, 'makeCgroup'),
      placesOf(outer, 'writeAt'),
      placesOf(outer, 'clone'),
      placesOf(outer, 'supervise'),
    )
    t.equal(outer.at(-1)?.op, 'supervise')
  }
})

t.test(
  'init joins its groups before its cgroup namespace is made, which shows it nothing above them',
  async t => {
    for (const mode of ['v1', 'hybrid'] as const) {
      const { inner } = plan(FULL, hostOf(mode))
      const join = placesOf(inner, 'writeAt', { file: 'tasks' })
      t.ok(join.length >= 5, `joins ${join.length} groups on ${mode}`)
      inOrder(t, join, placesOf(inner, 'unshare', { flags: BigInt(KERNEL.CLONE_NEWCGROUP) }))
      t.equal(join[0], 0, 'and does nothing before')
    }
  },
)

t.test('on v2 init is born in its group', async t => {
  for (const mode of ['v2', 'hybrid'] as const) {
    const { outer, inner } = plan(FULL, hostOf(mode))
    const group = outer.find(op => op.op === 'makeCgroup')
    const clone = outer.find(op => op.op === 'clone')
    t.equal(clone?.cgroup, group?.slot)
    if (mode === 'v2') t.equal(inner[0]?.op, 'unshare')
  }
})

t.test('mounts are cut off from the host before the first of them', async t => {
  const { inner } = plan(FULL)
  const private_ = placesOf(inner, 'setPropagation', { path: '/', flags: 0x44000n })
  inOrder(t, private_, [
    ...placesOf(inner, 'openTree'),
    ...placesOf(inner, 'fsMount'),
    ...placesOf(inner, 'attach'),
  ])
})

t.test(
  'what hides the kernel comes after every mount that could lie over it, and after its parameters are set',
  async t => {
    const { inner } = plan({ ...FULL, terminal: false })
    const mask = placesOf(inner, 'mask')
    inOrder(t, placesOf(inner, 'attach'), mask)
    inOrder(
      t,
      placesOf(inner, 'writeAt', { dir: SLOTS.proc }),
      placesOf(inner, 'protect', { root: SLOTS.proc, path: '/sys' }),
    )
  },
)

t.test('a read-only root is made so when all is in it, and before the box enters it', async t => {
  const { inner } = plan(FULL)
  const closing = placesOf(inner, 'setMountAttributes', { mount: SLOTS.root, set: RDONLY })
  t.equal(closing.length, 1)
  t.equal(
    (inner[closing[0]!] as Extract<Op, { op: 'setMountAttributes' }>).recursive,
    0,
    'volumes stay as they were asked for',
  )
  inOrder(t, placesOf(inner, 'makeFile', { path: '/filled' }), closing, placesOf(inner, 'pivotRoot'))
  inOrder(t, placesOf(inner, 'attach', { root: SLOTS.root }), closing)
  t.strictSame(placesOf(plan(LEAST).inner, 'setMountAttributes', { mount: SLOTS.root, set: RDONLY }), [])
})

t.test('what is read is read before its group goes, and the claim is given up last', async t => {
  for (const mode of MODES) {
    const { teardown } = plan(FULL, hostOf(mode))
    inOrder(
      t,
      placesOf(teardown, 'collect'),
      placesOf(teardown, 'killCgroup'),
      placesOf(teardown, 'removeCgroup'),
    )
    inOrder(t, placesOf(teardown, 'removeCgroup'), placesOf(teardown, 'release'))
    t.match(teardown.at(-1), { op: 'release', path: '/run/tsbox/full' })
    t.match(teardown.at(-2), { op: 'release', path: '/images/.one.tsbox-work/work' })
  }
})

t.test('every group that is made is removed', async t => {
  for (const mode of MODES) {
    const { outer, teardown } = plan(FULL, hostOf(mode))
    const of = (ops: readonly Op[], name: string) =>
      ops
        .flatMap(op => (op.op === name && 'mount' in op && 'path' in op ? [`${op.mount}${op.path}`] : []))
        .sort()
    t.strictSame(of(outer, 'makeCgroup'), of(teardown, 'removeCgroup'), mode)
  }
})

t.test('a box has every namespace but user, network and time only when it is to', async t => {
  const flags = (input: BoxInput, host = hostOf('v2')) =>
    plan(input, host).outer.find(op => op.op === 'clone')!.flags
  const { CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWTIME } = KERNEL
  const least = BigInt(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID)
  t.equal(flags(LEAST), least | BigInt(CLONE_NEWNET | CLONE_NEWTIME))
  t.equal(flags({ ...LEAST, network: 'host' }), least | BigInt(CLONE_NEWTIME))
  t.equal(flags(LEAST, hostOf('v2', { timeNamespace: false })), least | BigInt(CLONE_NEWNET))
  t.ok(flags(LEAST) > 0n, 'no bit turned into a sign')
})

t.test('loopback is brought up in a network of its own only', async t => {
  t.equal(placesOf(plan(LEAST).inner, 'interfaceUp', { name: 'lo' }).length, 1)
  t.strictSame(placesOf(plan({ ...LEAST, network: 'host' }).inner, 'interfaceUp'), [])
})

t.test('the supervisor is told of the deadline, the lease and the terminal', async t => {
  t.match(plan(FULL).outer.at(-1), { timeoutMs: 5000, stopSignal: 2, stopTimeoutMs: 1000, flags: 3 })
  t.match(plan(LEAST).outer.at(-1), { timeoutMs: 0, stopSignal: 15, stopTimeoutMs: 10000, flags: 1 })
  const foreground = planBox(parseBox(LEAST), hostOf('v2'), { root: PLAIN_ROOT, lease: false })
  t.match(foreground.outer.at(-1), { flags: 0 })
  t.strictSame(placesOf(foreground.outer, 'handback'), [])
})

t.test('a run directory has the name of the box', async t => {
  t.equal(runDirOf(parseBox(LEAST), hostOf('v2', { runDir: '/run/other' })), '/run/other/least')
})
