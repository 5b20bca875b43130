import { KERNEL, type Op, type OpName, type OpOf } from '@tsbox/protocol'
import { type BoxInput, parseBox } from '@tsbox/spec'
import t from 'tap'
import { planGroup } from '../src/group.ts'
import { type Host, MASKED_PATHS, READ_ONLY_PATHS, SLOTS } from '../src/index.ts'
import { planMounts } from '../src/mounts.ts'
import { FULL, LEAST } from './boxes.ts'
import { hostOf, MODES } from './hosts.ts'
import { placesOf } from './plan-checks.ts'

const {
  MOUNT_ATTR_RDONLY: RDONLY,
  MOUNT_ATTR_NOSUID: NOSUID,
  MOUNT_ATTR_NODEV: NODEV,
  MOUNT_ATTR_NOEXEC: NOEXEC,
} = KERNEL

const mounts = (input: BoxInput, host: Host = hostOf('v2')): readonly Op[] => {
  const box = parseBox(input)
  return planMounts(box, host, planGroup(box, host).dirs)
}

const all = <N extends OpName>(ops: readonly Op[], name: N): OpOf<N>[] =>
  ops.filter((op): op is OpOf<N> => op.op === name)

const fileSystem = (ops: readonly Op[], type: string) => all(ops, 'fsMount').find(op => op.type === type)!

t.test('the trees of the kernel never follow a link of the root (CVE-2019-19921)', async t => {
  for (const mode of MODES) {
    const attached = all(mounts(FULL, hostOf(mode)), 'attach')
    for (const target of ['/proc', '/sys', '/dev']) {
      t.match(
        attached.find(op => op.target === target),
        { nofollow: 1, root: SLOTS.root },
        `${target} on ${mode}`,
      )
    }
  }
})

t.test('everything below /dev is put into the new tree itself, never looked up in the root', async t => {
  const ops = mounts(FULL)
  const inRoot = all(ops, 'attach').filter(
    op => op.root === SLOTS.root && String(op.target).startsWith('/dev/'),
  )
  t.strictSame(inRoot, [])
  for (const op of [...all(ops, 'makeNode'), ...all(ops, 'makeLink')])
    t.equal(op.root, SLOTS.dev, String(op.path))
  for (const op of all(ops, 'attach').filter(({ root }) => root === SLOTS.dev)) t.equal(op.nofollow, 1)
})

t.test('a box has the devices a program expects and no others', async t => {
  t.strictSame(
    all(mounts(LEAST), 'makeNode').map(({ path, major, minor, mode }) => [path, major, minor, mode]),
    [
      ['null', 1, 3, 0o20666],
      ['zero', 1, 5, 0o20666],
      ['full', 1, 7, 0o20666],
      ['random', 1, 8, 0o20666],
      ['urandom', 1, 9, 0o20666],
      ['tty', 5, 0, 0o20666],
    ],
  )
})

t.test('a console is there when the box has a terminal', async t => {
  t.equal(placesOf(mounts(FULL), 'makeFile', { path: 'console' }).length, 1)
  t.equal(placesOf(mounts(LEAST), 'makeFile').length, 0)
})

t.test(
  'no program and no device of a kernel file system can be used, and /sys cannot be written',
  async t => {
    const ops = mounts(LEAST)
    t.equal(fileSystem(ops, 'proc').attributes, NOSUID | NODEV | NOEXEC)
    t.equal(fileSystem(ops, 'sysfs').attributes, NOSUID | NODEV | NOEXEC | RDONLY)
    t.equal(fileSystem(ops, 'mqueue').attributes, NOSUID | NODEV | NOEXEC)
    t.equal(fileSystem(ops, 'devpts').attributes, NOSUID | NOEXEC)
    t.ok(fileSystem(ops, 'devpts').options.includes('newinstance'), 'terminals of the host are not in it')
  },
)

/** Where something lies in the box that is named below one of the kernel's trees. */
const inBox = ({ root, path }: { root: number; path: string | Uint8Array }) =>
  `${{ [SLOTS.proc]: '/proc', [SLOTS.sys]: '/sys' }[root]}${path}`

t.test('what tells of the host is masked, what changes it is read-only', async t => {
  const ops = mounts(LEAST)
  t.strictSame(all(ops, 'mask').map(inBox), MASKED_PATHS)
  t.strictSame(all(ops, 'protect').map(inBox), READ_ONLY_PATHS)
  for (const { dev } of all(ops, 'mask')) t.equal(dev, SLOTS.dev, 'with a null device of our own making')
  for (const path of ['/proc/kcore', '/proc/keys', '/sys/firmware'])
    t.ok(
      MASKED_PATHS.some(masked => masked === path),
      path,
    )
  for (const path of ['/proc/sys', '/proc/sysrq-trigger'])
    t.ok(
      READ_ONLY_PATHS.some(kept => kept === path),
      path,
    )
})

t.test('a privileged box sees everything and may write it', async t => {
  const ops = mounts({ ...LEAST, privileged: true })
  t.strictSame([...all(ops, 'mask'), ...all(ops, 'protect')], [])
  t.equal(fileSystem(ops, 'sysfs').attributes & RDONLY, 0)
  for (const { set } of all(ops, 'setMountAttributes')) t.equal(set & BigInt(RDONLY), 0n)
})

t.test('volumes are mounted in the order they were named, so one may lie inside another', async t => {
  const targets = all(mounts(FULL), 'attach').map(({ target }) => target)
  t.strictSame(
    targets.filter(target => ['/tmp', '/srv', '/srv/conf'].includes(String(target))),
    ['/tmp', '/srv', '/srv/conf'],
  )
})

t.test('what lies inside another mount is mounted after it, however they were named', async t => {
  const volumes = [
    { source: '/a', target: '/x/y' },
    { source: '/b', target: '/x' },
  ]
  const ops = mounts({ ...LEAST, volumes, tmpfs: [{ target: '/x/y/z' }] })
  const targets = all(ops, 'attach').map(({ target }) => String(target))
  t.strictSame(
    targets.filter(target => target.startsWith('/x')),
    ['/x', '/x/y', '/x/y/z'],
  )
})

t.test('the trees of the kernel come last, so that no link of the root leads a volume into them', async t => {
  const ops = mounts(FULL)
  const volumes = ['/tmp', '/srv', '/srv/conf'].flatMap(target => placesOf(ops, 'attach', { target }))
  for (const target of ['/proc', '/sys']) {
    t.ok(placesOf(ops, 'attach', { target })[0]! > Math.max(...volumes), target)
  }
})

t.test(
  'what is done inside the trees of the kernel is never looked up by their names in the root',
  async t => {
    for (const mode of MODES) {
      const inside = mounts(FULL, hostOf(mode)).filter(op => {
        const where = 'target' in op ? op.target : 'path' in op ? op.path : ''
        return 'root' in op && op.root === SLOTS.root && /^\/?(proc|sys|dev)\//.test(String(where))
      })
      t.strictSame(inside, [], mode)
    }
  },
)

t.test('a volume is read-only, and without devices, before it can be seen', async t => {
  const ops = mounts({
    ...LEAST,
    volumes: [
      { source: '/a', target: '/ro', readOnly: true },
      { source: '/b', target: '/rw' },
    ],
  })
  for (const [source, target, set] of [
    ['/a', '/ro', RDONLY | NODEV],
    ['/b', '/rw', NODEV],
  ] as const) {
    const [at = -1] = placesOf(ops, 'openTree', { path: source })
    t.match(ops[at], { recursive: 1, slot: SLOTS.passing })
    t.match(ops[at + 1], { op: 'setMountAttributes', mount: SLOTS.passing, set: BigInt(set), recursive: 1 })
    t.match(ops[at + 2], { op: 'attach', mount: SLOTS.passing, root: SLOTS.root, target })
  }
})

t.test('a missing mount point becomes what the volume is: a directory or a file', async t => {
  const host = hostOf('v2', { directories: new Set(['/dir']) })
  const ops = mounts(
    {
      ...LEAST,
      volumes: [
        { source: '/dir', target: '/d' },
        { source: '/file', target: '/f' },
      ],
    },
    host,
  )
  t.match(ops[placesOf(ops, 'attach', { target: '/d' })[0]!], { make: 1 })
  t.match(ops[placesOf(ops, 'attach', { target: '/f' })[0]!], { make: 2 })
})

t.test('devices of a volume work in a privileged box only', async t => {
  const ops = mounts({ ...LEAST, privileged: true, volumes: [{ source: '/a', target: '/a' }] })
  const [at = -1] = placesOf(ops, 'openTree', { path: '/a' })
  t.match(ops[at + 1], { set: 0n })
})

t.test('a memory file system has its size and mode, and no programs of another user', async t => {
  const ops = mounts({ ...LEAST, tmpfs: [{ target: '/t', size: '1Mi', mode: 0o700 }] })
  const [at = -1] = placesOf(ops, 'attach', { target: '/t' })
  t.match(ops[at - 1], {
    op: 'fsMount',
    options: ['mode', '700', 'size', '1048576'],
    attributes: NOSUID | NODEV,
  })
})

t.test('a kernel parameter is written below the proc of the box, not that of the host', async t => {
  const ops = mounts(FULL)
  t.strictSame(all(ops, 'writeAt'), [
    { op: 'writeAt', dir: SLOTS.proc, file: 'sys/net/ipv4/ip_forward', data: '1' },
  ])
})
