import { type Host, planBox, SLOTS } from '@tsbox/plan'
import { type BoxInput, parseBox } from '@tsbox/spec'
import fc from 'fast-check'
import t from 'tap'
import { holds } from '../../../test/helpers/property.ts'
import { anyBox } from '../../plan/test/boxes.ts'
import { hostOf, MODES } from '../../plan/test/hosts.ts'
import { planProblems } from '../../plan/test/plan-checks.ts'
import { planRoot } from '../src/index.ts'
import { MERGED, never, UNMERGED } from './fixtures.ts'

const rootOf = (input: Partial<BoxInput>, host: Host = hostOf('v2')) =>
  planRoot(parseBox({ args: ['true'], name: 'one', ...input }), host, () => MERGED)

type Root = NonNullable<BoxInput['root']>

const sizeOf = (input: Partial<BoxInput>, host?: Host) => {
  const stage = rootOf(input, host).stage.find(op => op.op === 'fsMount' && op.type === 'tmpfs')
  return stage?.op === 'fsMount' ? Number(stage.options[stage.options.indexOf('size') + 1]) : undefined
}

for (const mode of MODES) {
  for (const kernel of [
    [6, 18],
    [6, 1],
  ] as const) {
    t.test(
      `any box with any root has a plan that holds together (${mode}, Linux ${kernel.join('.')})`,
      async t => {
        const host = hostOf(mode, { kernel })
        holds(
          t,
          fc.property(anyBox, fc.constantFrom(MERGED, UNMERGED), (box, userland) => {
            const root = planRoot(box, host, () => userland)
            const problems = planProblems(planBox(box, host, { root, lease: false }))
            if (problems.length > 0) throw new Error(problems.join('; '))
          }),
          { numRuns: 100 },
        )
      },
    )
  }
}

t.test('whatever the root is, it ends in its slot and is attached', async t => {
  const roots: Root[] = [
    { kind: 'system' },
    { kind: 'host' },
    { kind: 'directory', path: '/d' },
    { kind: 'layers', layers: ['/a', '/b'] },
  ]
  for (const root of roots) {
    for (const kernel of [
      [6, 18],
      [6, 1],
    ] as const) {
      const { stage } = rootOf({ root }, hostOf('v2', { kernel }))
      const made = stage.findIndex(op => 'slot' in op && op.slot === SLOTS.root)
      const attached = stage.findIndex(
        op =>
          (op.op === 'attach' && op.mount === SLOTS.root) ||
          (op.op === 'mountOverlay' && op.slot === SLOTS.root),
      )
      t.ok(made >= 0 && attached >= made, `${root.kind} on Linux ${kernel.join('.')}`)
    }
  }
})

t.test('the userland of the host is looked at for the root that is made of it only', async t => {
  for (const root of [
    { kind: 'host' },
    { kind: 'directory', path: '/d' },
    { kind: 'layers', layers: ['/a'] },
  ] satisfies Root[]) {
    t.doesNotThrow(() => planRoot(parseBox({ args: ['true'], root }), hostOf('v2'), never), root.kind)
  }
  t.throws(() => planRoot(parseBox({ args: ['true'] }), hostOf('v2'), never))
})

t.test('what is written into memory ends where the memory of the box does', async t => {
  t.equal(sizeOf({ limits: { memory: { max: '64Mi' } } }), 64 * 2 ** 20)
  t.equal(sizeOf({}, hostOf('v2', { memory: 1000 })), 500)
  t.equal(
    sizeOf({ limits: { memory: { max: 'max' } } }, hostOf('v2', { memory: 1000 })),
    500,
    'never the whole machine',
  )
})

t.test('nothing of a root is seen on the host: what is staged covers the run directory', async t => {
  for (const root of [
    { kind: 'system' },
    { kind: 'host' },
    { kind: 'layers', layers: ['/a'] },
  ] satisfies Root[]) {
    const { stage } = rootOf({ root })
    t.match(stage.slice(0, 3), [
      { op: 'open', slot: SLOTS.place, path: '/run/tsbox/one' },
      { op: 'fsMount', slot: SLOTS.stage, type: 'tmpfs' },
      { op: 'attach', mount: SLOTS.stage, root: SLOTS.place, target: '.' },
    ])
  }
})

t.test('no root but one with a kept upper layer leaves anything to remove on the host', async t => {
  for (const root of [
    { kind: 'system' },
    { kind: 'host' },
    { kind: 'directory', path: '/d' },
    { kind: 'layers', layers: ['/a'] },
  ] satisfies Root[]) {
    t.strictSame(rootOf({ root }).teardown, [], root.kind)
  }
})
