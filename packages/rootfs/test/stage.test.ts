import { SLOTS } from '@tsbox/plan'
import { KERNEL, slotPath } from '@tsbox/protocol'
import t from 'tap'
import { hostOf } from '../../plan/test/hosts.ts'
import { openDir, overlayOps, stageOps } from '../src/stage.ts'

const overlay = (kernel: readonly [number, number], count = 2) =>
  overlayOps(hostOf('v2', { kernel }), {
    slot: SLOTS.root,
    lowers: Array.from({ length: count }, (_, i) => SLOTS.layers + i),
    upper: '/r/upper',
    work: '/r/work',
    target: '/r/root',
  })

t.test('from Linux 6.7 an overlay is told its layers one by one, and attached by descriptor', async t => {
  for (const kernel of [
    [6, 7],
    [7, 0],
  ] as const) {
    t.match(overlay(kernel), [
      {
        op: 'fsMount',
        type: 'overlay',
        options: [
          'lowerdir+',
          slotPath(SLOTS.layers + 1),
          'lowerdir+',
          slotPath(SLOTS.layers),
          'upperdir',
          '/r/upper',
          'workdir',
          '/r/work',
        ],
      },
      { op: 'open', slot: SLOTS.place, path: '/r/root', flags: KERNEL.O_PATH | KERNEL.O_DIRECTORY },
      { op: 'attach', mount: SLOTS.root, root: SLOTS.place, target: '.' },
    ])
  }
})

t.test('before Linux 6.7 all of it is one line of options', async t => {
  for (const kernel of [
    [6, 6],
    [6, 1],
    [5, 15],
  ] as const) {
    const [first, second] = [slotPath(SLOTS.layers + 1), slotPath(SLOTS.layers)]
    t.strictSame(overlay(kernel), [
      {
        op: 'mountOverlay',
        slot: SLOTS.root,
        target: '/r/root',
        options: `lowerdir=${first}:${second},upperdir=/r/upper,workdir=/r/work`,
        flags: 0n,
      },
    ])
  }
})

t.test(
  '200 layers work on every kernel, more than a page of them is a typed error on an old one',
  async t => {
    for (const kernel of [
      [6, 1],
      [6, 18],
    ] as const)
      t.doesNotThrow(() => overlay(kernel, 200))
    t.throws(() => overlay([6, 1], 500), {
      code: 'ERR_TSBOX_HOST',
      step: 'mountOverlay',
      message: /500 layers/,
    })
    t.equal(overlay([6, 18], 500).length, 3)
  },
)

t.test(
  'a directory of the host is opened as a place only: not read, and nothing but a directory',
  async t => {
    t.strictSame(openDir(3, '/a'), {
      op: 'open',
      slot: 3,
      path: '/a',
      flags: KERNEL.O_PATH | KERNEL.O_DIRECTORY,
    })
  },
)

t.test('the stage is as large as it was said to be', async t => {
  t.match(stageOps('/run/x', 12345)[1], { options: ['mode', '755', 'size', '12345'] })
})
