import { describePlan, KERNEL, type Plan } from '@tsbox/protocol'
import t, { type Test } from 'tap'
import { type ContainerInput, planContainer, CONTAINER_SLOTS as SLOTS } from '../../src/index.ts'
import { asExpected } from '../expected.ts'
import { MODES } from '../hosts.ts'
import { placesOf, planProblems } from '../plan-checks.ts'
import { FULL, inputOf, LEAST, withLinux } from './containers.ts'

const WAYS = ['create', 'detached', 'foreground'] as const satisfies readonly ContainerInput['mode'][]

const plan = (json = FULL, over: Parameters<typeof inputOf>[1] = {}): Plan =>
  planContainer(inputOf(json, over))

/** Asserts that everything of one list lies before everything of the next. */
const inOrder = (test: Test, ...steps: readonly (readonly number[])[]) => {
  for (const [i, places] of steps.entries()) {
    test.not(places.length, 0, `step ${i} is there`)
    const next = steps[i + 1]
    if (next) test.ok(Math.max(...places) < Math.min(...next), `${places} before ${next}`)
  }
}

const withUsers = withLinux(FULL, {
  namespaces: ['user', 'pid', 'ipc', 'uts', 'mount', 'network', 'cgroup'].map(type => ({ type })),
  uidMappings: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
  gidMappings: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
  rootfsPropagation: undefined,
})

for (const cgroups of MODES) {
  t.test(`the plan of a container that uses everything is known line by line (${cgroups})`, async t => {
    asExpected(t, `container-full-${cgroups}`, describePlan(plan(FULL, { cgroups })))
  })
}

t.test('the plan of the least container is known line by line', async t => {
  asExpected(t, 'container-least', describePlan(plan(LEAST)))
})

t.test('the plan of a container with users of its own is known line by line', async t => {
  asExpected(t, 'container-users', describePlan(plan(withUsers)))
})

t.test('any of them is a plan the shim takes, and no step needs what is not there yet', async t => {
  for (const cgroups of MODES)
    for (const mode of WAYS)
      for (const json of [FULL, LEAST, withUsers])
        t.strictSame(planProblems(plan(json, { cgroups, mode })), [], `${cgroups} ${mode}`)
})

t.test('its name is claimed before anything is made, and limits hold before init is born', async t => {
  for (const cgroups of MODES) {
    const { outer } = plan(FULL, { cgroups })
    inOrder(
      t,
      placesOf(outer, 'handback'),
      placesOf(outer, 'claim'),
      placesOf(outer, 'makeCgroup'),
      placesOf(outer, 'writeAt', { file: cgroups === 'v2' ? 'memory.max' : 'memory.limit_in_bytes' }),
      placesOf(outer, 'clone'),
    )
  }
})

t.test('what covers and protects comes after every mount it could be hidden by', async t => {
  const { inner } = plan()
  inOrder(
    t,
    placesOf(inner, 'attach', { root: SLOTS.root }),
    placesOf(inner, 'mask'),
    placesOf(inner, 'pivotRoot'),
  )
})

t.test('init waits at the gate without a directory of the host, with the rights of its program', async t => {
  const { inner } = plan()
  inOrder(
    t,
    placesOf(inner, 'pivotRoot'),
    placesOf(inner, 'closeFds', { preserve: 0 }),
    placesOf(inner, 'setIds'),
    placesOf(inner, 'gate'),
    placesOf(inner, 'exec'),
  )
  t.equal(inner.at(-1)?.op, 'exec')
  t.strictSame(inner.find(op => op.op === 'closeFds')?.keep, [SLOTS.gate], 'it keeps the gate alone')
})

t.test('only a created container has a gate', async t => {
  for (const mode of WAYS) {
    t.equal(placesOf(plan(FULL, { mode }).inner, 'gate').length, mode === 'create' ? 1 : 0, mode)
    t.equal(placesOf(plan(FULL, { mode }).inner, 'outlive').length, mode === 'foreground' ? 0 : 1, mode)
  }
})

t.test('on v2 init is born in its group, on v1 it joins its groups before anything else', async t => {
  const group = plan(FULL, { cgroups: 'v2' }).outer.find(op => op.op === 'makeCgroup')
  t.equal(plan(FULL, { cgroups: 'v2' }).outer.find(op => op.op === 'clone')?.cgroup, group?.slot)
  const { inner } = plan(FULL, { cgroups: 'v1' })
  const join = placesOf(inner, 'writeAt', { file: 'tasks' })
  t.equal(join[0], 0)
  inOrder(t, join, placesOf(inner, 'unshare', { flags: BigInt(KERNEL.CLONE_NEWCGROUP) }))
})
