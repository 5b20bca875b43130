import { describePlan, KERNEL, type Plan } from '@tsbox/protocol'
import { parseProcess } from '@tsbox/spec'
import t from 'tap'
import { type ExecInput, planExec, CONTAINER_SLOTS as SLOTS } from '../../src/index.ts'
import { asExpected } from '../expected.ts'
import { placesOf, planProblems } from '../plan-checks.ts'
import { configOf, FULL, inputOf } from './containers.ts'

const { process: FULL_PROCESS } = configOf(FULL)

const execOf = (over: Partial<ExecInput> = {}): Plan => {
  const { group, filter, ...input } = inputOf(FULL)
  return planExec({
    ...input,
    process: FULL_PROCESS as ExecInput['process'],
    init: { pid: 4321, started: 99n },
    dirs: group?.dirs ?? [],
    ownGroup: undefined,
    filter,
    detach: false,
    setGroups: true,
    ...over,
  })
}

const onTerminal = parseProcess(JSON.stringify({ ...(FULL.process as object), terminal: true }))

t.test('the plan of a process that joins a container is known line by line', async t => {
  asExpected(t, 'exec-full', describePlan(execOf()))
})

t.test('any of them is a plan the shim takes, and no step needs what is not there yet', async t => {
  const ownGroup = { mount: '/sys/fs/cgroup', path: '/tsbox-oci/one/exec-1' }
  for (const detach of [true, false])
    for (const over of [
      {},
      { ownGroup },
      { process: onTerminal },
      { process: onTerminal, consoleSocket: '/s' },
    ])
      t.strictSame(planProblems(execOf({ detach, ...over })), [], JSON.stringify(over))
})

t.test('init is held before it is joined, and all its namespaces are joined at once', async t => {
  const { outer, inner } = execOf()
  t.equal(outer[1]?.op, 'openProcess')
  const joins = inner.filter(op => op.op === 'joinNamespaces')
  t.equal(joins.length, 1)
  t.equal(joins[0]?.from, SLOTS.process)
  const every = ['NEWNS', 'NEWPID', 'NEWNET', 'NEWIPC', 'NEWUTS', 'NEWCGROUP'] as const
  for (const name of every) t.ok((joins[0]?.flags ?? 0n) & BigInt(KERNEL[`CLONE_${name}`]), name)
})

t.test('it appears in the container without a descriptor or a right beyond its program’s', async t => {
  const { inner } = execOf()
  const order = [
    'joinNamespaces',
    'closeFds',
    'boundCaps',
    'setIds',
    'setCaps',
    'fork',
    'seccomp',
    'exec',
  ] as const
  const places = order.map(name => placesOf(inner, name)[0] ?? -1)
  t.strictSame(
    places,
    [...places].sort((a, b) => a - b),
    `${order}`,
  )
  t.strictSame(inner.find(op => op.op === 'closeFds')?.keep, [])
})

t.test(
  'a group of its own is made inside the container’s, and removed when all that came of it is gone',
  async t => {
    const path = '/tsbox-oci/one/exec-1'
    const { outer, teardown } = execOf({ ownGroup: { mount: '/sys/fs/cgroup', path } })
    const made = outer.find(op => op.op === 'makeCgroup')
    t.match(made, { path })
    t.equal(outer.find(op => op.op === 'clone')?.cgroup, made?.slot)
    t.match(
      teardown.map(op => ('path' in op ? `${op.op} ${op.path}` : op.op)),
      [`killCgroup ${path}`, `removeCgroup ${path}`],
    )
  },
)
