import { type RootPlan, SLOTS } from '@tsbox/plan'
import { describeOp, type OpOf, slotPath } from '@tsbox/protocol'
import t from 'tap'
import { hostOf } from '../../plan/test/hosts.ts'
import { hostRoot, layersRoot } from '../src/layers.ts'

const NEW = hostOf('v2', { kernel: [6, 7] })
const options = { runDir: '/run/tsbox/one', bytes: 4096 }
const overlay = ({ stage }: RootPlan) =>
  stage.find((op): op is OpOf<'fsMount'> => op.op === 'fsMount' && op.type === 'overlay')!.options

t.test('layers are opened in the order they were named, and lie over one another so', async t => {
  const root = layersRoot({ kind: 'layers', layers: ['/low', '/high'] }, NEW, options)
  t.match(
    root.stage.filter(op => op.op === 'open' && op.slot >= SLOTS.layers),
    [
      { slot: SLOTS.layers, path: '/low' },
      { slot: SLOTS.layers + 1, path: '/high' },
    ],
  )
  const lowers = overlay(root).flatMap((word, i, all) => (word === 'lowerdir+' ? [all[i + 1]] : []))
  t.strictSame(
    lowers,
    [slotPath(SLOTS.layers + 1), slotPath(SLOTS.layers)],
    'overlayfs is told the highest first',
  )
})

t.test('odd characters of a path never reach the options of a mount', async t => {
  const odd = '/a:b,c\\d"e=f\n'
  for (const kernel of [
    [6, 18],
    [6, 1],
  ] as const) {
    const host = hostOf('v2', { kernel })
    const { stage } = layersRoot({ kind: 'layers', layers: [odd], upper: '/u:v,w' }, host, options)
    const mounts = stage.filter(({ op }) => op === 'fsMount' || op === 'mountOverlay').map(describeOp)
    t.notMatch(mounts.join(), /a:b|c\\|u:v/, `Linux ${kernel.join('.')}`)
  }
})

t.test('without a kept layer, what is written goes to memory and with it', async t => {
  const root = layersRoot({ kind: 'layers', layers: ['/a'] }, NEW, options)
  const words = overlay(root)
  t.equal(words[words.indexOf('upperdir') + 1], '/run/tsbox/one/upper')
  t.equal(words[words.indexOf('workdir') + 1], '/run/tsbox/one/work')
  t.strictSame(root.teardown, [])
})

t.test('a kept layer has its work directory beside it, for as long as the box runs', async t => {
  const root = layersRoot({ kind: 'layers', layers: ['/a'], upper: '/srv/kept' }, NEW, options)
  t.match(
    root.stage.filter(op => op.op === 'makeDir' && op.root === SLOTS.upperParent),
    [{ path: '.kept.tsbox-work', mode: 0o700 }],
  )
  const words = overlay(root)
  t.equal(words[words.indexOf('upperdir') + 1], slotPath(SLOTS.upper))
  t.equal(words[words.indexOf('workdir') + 1], slotPath(SLOTS.work))
  t.strictSame(root.teardown, [{ op: 'release', path: '/srv/.kept.tsbox-work/work' }])
})

t.test('the kept layer itself is never removed', async t => {
  const { teardown } = layersRoot({ kind: 'layers', layers: ['/a'], upper: '/srv/kept' }, NEW, options)
  t.notOk(teardown.some(op => 'path' in op && String(op.path).startsWith('/srv/kept')))
})

t.test('the root of the host is a lower layer: read, never written', async t => {
  const root = hostRoot(NEW, options)
  t.match(
    root.stage.find(op => op.op === 'open' && op.slot === SLOTS.layers),
    { path: '/' },
  )
  const words = overlay(root)
  t.equal(words[words.indexOf('upperdir') + 1], '/run/tsbox/one/upper')
})
