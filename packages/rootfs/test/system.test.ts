import { SLOTS } from '@tsbox/plan'
import { KERNEL, type Op } from '@tsbox/protocol'
import { type BoxInput, parseBox } from '@tsbox/spec'
import t from 'tap'
import { hostOf } from '../../plan/test/hosts.ts'
import { placesOf } from '../../plan/test/plan-checks.ts'
import { systemRoot } from '../src/system.ts'
import type { Userland } from '../src/userland.ts'
import { MERGED, UNMERGED } from './fixtures.ts'

const stage = (input: Partial<BoxInput> = {}, userland: Userland = MERGED): readonly Op[] =>
  systemRoot({
    box: parseBox({ args: ['sh'], ...input }),
    host: hostOf('v2'),
    userland,
    runDir: '/run/tsbox/one',
    bytes: 4096,
  }).stage

const hostPaths = (ops: readonly Op[]) =>
  ops.flatMap(op =>
    op.op === 'open' || (op.op === 'openTree' && String(op.path).startsWith('/')) ? [String(op.path)] : [],
  )

t.test(
  'of the host, programs, libraries and the listed files of /etc are opened, and nothing else',
  async t => {
    const own = hostPaths(stage({ network: 'host' })).filter(path => !path.startsWith('/run/tsbox/one'))
    t.strictSame(own, ['/usr', '/etc/ssl/certs', '/etc/ld.so.cache', '/etc/resolv.conf'])
  },
)

t.test('each tree of programs is a lower layer with a throw-away one of its own', async t => {
  const ops = stage({}, UNMERGED)
  for (const tree of UNMERGED.trees) {
    t.equal(placesOf(ops, 'open', { path: `/${tree}` }).length, 1)
    t.equal(placesOf(ops, 'makeDir', { path: `upper-${tree}`, root: SLOTS.stage }).length, 1)
    t.equal(placesOf(ops, 'makeDir', { path: tree, root: SLOTS.root }).length, 1)
  }
  const overlays = ops.filter(op => op.op === 'fsMount' && op.type === 'overlay')
  t.equal(overlays.length, 3)
})

t.test('a merged /usr is merged in the box too, by the same links', async t => {
  t.match(
    stage().filter(({ op }) => op === 'makeLink'),
    [
      { path: 'bin', target: 'usr/bin' },
      { path: 'lib', target: 'usr/lib' },
    ],
  )
})

t.test('files of /etc are read-only, without devices, before they are in the box', async t => {
  const ops = stage({ network: 'host' })
  const [at = -1] = placesOf(ops, 'openTree', { path: '/etc/ssl/certs' })
  const { MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV } = KERNEL
  t.match(ops.slice(at + 1, at + 3), [
    { op: 'setMountAttributes', set: BigInt(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV) },
    { op: 'attach', target: '/etc/ssl/certs', make: 1 },
  ])
  t.match(ops[placesOf(ops, 'attach', { target: '/etc/ld.so.cache' })[0]!], { make: 2 })
})

t.test('a box without the network of the host does not learn its name servers', async t => {
  t.strictSame(placesOf(stage(), 'openTree', { path: '/etc/resolv.conf' }), [])
  t.equal(placesOf(stage(), 'makeFile', { path: '/etc/resolv.conf' }).length, 1)
  t.equal(placesOf(stage({ network: 'host' }), 'makeFile', { path: '/etc/resolv.conf' }).length, 0)
})

t.test('every directory a program expects is there, with the usual mode', async t => {
  const modes = new Map(
    stage().flatMap(op =>
      op.op === 'makeDir' && op.root === SLOTS.root ? [[String(op.path), op.mode]] : [],
    ),
  )
  t.equal(modes.get('tmp'), 0o1777)
  t.equal(modes.get('var/tmp'), 0o1777)
  t.equal(modes.get('root'), 0o700)
  for (const path of ['etc', 'home', 'proc', 'sys', 'dev', 'run', 'var', 'srv', 'mnt', 'opt'])
    t.ok(modes.has(path), path)
})

t.test('a directory is made before what lies in it', async t => {
  const seen = new Set<string>()
  for (const op of stage({}, UNMERGED)) {
    if (op.op !== 'makeDir' || op.root !== SLOTS.root) continue
    const path = String(op.path)
    if (path.includes('/')) t.ok(seen.has(path.slice(0, path.lastIndexOf('/'))), path)
    seen.add(path)
  }
})
