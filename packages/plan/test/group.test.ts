import { PROTOCOL } from '@tsbox/protocol'
import { type BoxInput, parseBox } from '@tsbox/spec'
import t from 'tap'
import { groupViews, planGroup } from '../src/group.ts'
import { effectiveLimits, groupPath, type Host, SLOTS } from '../src/index.ts'
import { LEAST } from './boxes.ts'
import { CGROUPS, hostOf, MODES } from './hosts.ts'
import { placesOf } from './plan-checks.ts'

const group = (input: BoxInput = LEAST, host: Host = hostOf('v2')) => planGroup(parseBox(input), host)

/** What is written where, as `file below mount = value`. */
const writes = (input: BoxInput, host: Host): string[] => {
  const { make } = group(input, host)
  const mounts = new Map(make.flatMap(op => (op.op === 'makeCgroup' ? [[op.slot, op.mount]] : [])))
  return make.flatMap(op => (op.op === 'writeAt' ? [`${mounts.get(op.dir)}: ${op.file} = ${op.data}`] : []))
}

t.test('a box without limits of its own has half of the memory and 1024 processes', async t => {
  const host = hostOf('v2', { memory: 1001 })
  t.strictSame(effectiveLimits(parseBox(LEAST), host), { pids: { max: 1024 }, memory: { max: 500 } })
  t.strictSame(writes(LEAST, host), ['/sys/fs/cgroup: memory.max = 500', '/sys/fs/cgroup: pids.max = 1024'])
})

t.test('other limits on memory leave the default of the one that was not named', async t => {
  const box = parseBox({ ...LEAST, limits: { memory: { low: '1Mi' } } })
  t.strictSame(effectiveLimits(box, hostOf('v2', { memory: 100 })).memory, { low: '1Mi', max: 50 })
})

t.test('the same limits reach the files of either version', async t => {
  const input = { ...LEAST, limits: { memory: { max: '64Mi' }, pids: { max: 20 }, cpu: { max: 0.5 } } }
  t.strictSame(writes(input, hostOf('v2')), [
    '/sys/fs/cgroup: cpu.max = 50000 100000',
    '/sys/fs/cgroup: memory.max = 67108864',
    '/sys/fs/cgroup: pids.max = 20',
  ])
  const v1 = [
    '/sys/fs/cgroup/cpu: cpu.cfs_period_us = 100000',
    '/sys/fs/cgroup/cpu: cpu.cfs_quota_us = 50000',
    '/sys/fs/cgroup/memory: memory.limit_in_bytes = 67108864',
    '/sys/fs/cgroup/pids: pids.max = 20',
  ]
  t.strictSame(writes(input, hostOf('v1')), v1)
  t.strictSame(writes(input, hostOf('hybrid')), v1)
})

t.test('a group lies below /tsbox, or below the parent that was named', async t => {
  t.equal(groupPath(parseBox(LEAST)), '/tsbox/least')
  t.equal(groupPath(parseBox({ ...LEAST, cgroupParent: '/teams/a/' })), '/teams/a/least')
})

t.test('a parent that is no path of a group is refused', async t => {
  for (const cgroupParent of ['teams', '/..', '/a/../..', '/a//b', '/a\nb', '/./a', `/${'a'.repeat(256)}`]) {
    t.throws(() => group({ ...LEAST, cgroupParent }), { code: 'ERR_TSBOX_SPEC', step: 'path' }, cgroupParent)
  }
})

t.test('a limit this host cannot hold is an error that names the controller', async t => {
  const { v2 } = CGROUPS
  const poor = hostOf('v2', {
    cgroups: { ...v2, unified: { ...v2.unified, controllers: ['memory', 'pids'] } },
  })
  t.throws(() => group({ ...LEAST, limits: { cpu: { weight: 50 } } }, poor), {
    code: 'ERR_TSBOX_CONTROLLER',
    step: 'cpu.weight',
    message: /\bcpu controller\b/,
  })
  t.throws(() => group({ ...LEAST, limits: { memory: { high: '1m' } } }, hostOf('v1')), {
    code: 'ERR_TSBOX_CONTROLLER',
    step: 'memory.high',
  })
  t.doesNotThrow(() => group(LEAST, poor))
})

t.test('a host that cannot limit processes or memory at all runs no box unlimited in silence', async t => {
  const bare = hostOf('v2', { cgroups: { mode: 'v2', unified: { mount: '/c', controllers: [] }, v1: {} } })
  t.throws(() => group(LEAST, bare), { code: 'ERR_TSBOX_CONTROLLER' })
})

t.test('on v2 the controllers are passed down by their names, one directory holds them all', async t => {
  const { make, join, bornIn, dirs } = group({ ...LEAST, limits: { cpuset: { cpus: '0' } } }, hostOf('v2'))
  t.equal(dirs.length, 1)
  t.match(make[0], { op: 'makeCgroup', slot: SLOTS.group, mount: '/sys/fs/cgroup', path: '/tsbox/least' })
  const [made] = make
  t.strictSame(made?.op === 'makeCgroup' && String(made.enable).split(' ').sort(), [
    '+cpu',
    '+cpuset',
    '+io',
    '+memory',
    '+pids',
  ])
  t.strictSame(join, [])
  t.equal(bornIn, SLOTS.group)
})

t.test('on v1 a group in each hierarchy is joined, a cpuset starts with what its parent has', async t => {
  const { make, join, bornIn, dirs } = group({ ...LEAST, limits: { cpuset: { cpus: '0' } } }, hostOf('v1'))
  t.equal(bornIn, PROTOCOL.noSlot)
  t.equal(join.length, dirs.length)
  const cpuset = make.find(op => op.op === 'makeCgroup' && op.mount === '/sys/fs/cgroup/cpuset')
  t.match(cpuset, { enable: null, inherit: ['cpuset.cpus', 'cpuset.mems'] })
  const others = make.filter(op => op.op === 'makeCgroup' && op !== cpuset)
  for (const op of others) t.match(op, { enable: null, inherit: [] })
})

t.test('in hybrid mode init is born in the v2 tree and joins the others', async t => {
  const { make, join, bornIn, dirs } = group(LEAST, hostOf('hybrid'))
  t.equal(dirs[0]?.mount, '/sys/fs/cgroup/unified')
  t.equal(bornIn, SLOTS.group)
  t.equal(join.length, dirs.length - 1)
  t.match(make[0], { op: 'makeCgroup', enable: null }, 'a tree without controllers passes none down')
})

t.test('a hit of the memory or processes limit is worth telling; other counters are only read', async t => {
  for (const mode of MODES) {
    const keyed = group(LEAST, hostOf(mode)).collect.flatMap(op =>
      op.op === 'collect' && op.key !== null ? [`${op.file} ${String(op.key).trim()}`] : [],
    )
    const oom = mode === 'v2' ? 'memory.events oom_kill' : 'memory.oom_control oom_kill'
    t.ok(keyed.includes(oom), `${mode}: ${keyed}`)
    t.ok(keyed.includes('pids.events max'), mode)
  }
})

t.test('a box sees its own group read-only; a privileged one may write it', async t => {
  for (const mode of MODES) {
    const { dirs } = group(LEAST, hostOf(mode))
    for (const [readOnly, bit] of [
      [true, 1n],
      [false, 0n],
    ] as const) {
      const ops = groupViews(dirs, readOnly)
      const attributes = ops.flatMap(op =>
        op.op === 'setMountAttributes' && op.mount === SLOTS.passing ? [op.set & 1n] : [],
      )
      t.strictSame(
        attributes,
        dirs.map(() => bit),
        mode,
      )
    }
    const shown = groupViews(dirs, true).flatMap(op => (op.op === 'openTree' ? [op.path] : []))
    t.strictSame(
      shown,
      dirs.map(({ path }) => path),
      'and nothing above or beside it',
    )
  }
})

t.test('each hierarchy is seen at the place it has on the host, below the box’s own /sys', async t => {
  const ops = groupViews(group(LEAST, hostOf('hybrid')).dirs, true)
  const root = SLOTS.sys
  for (const target of ['/fs/cgroup/memory', '/fs/cgroup/unified', '/fs/cgroup']) {
    t.equal(placesOf(ops, 'attach', { target, root }).length, 1, target)
  }
  t.equal(
    placesOf(groupViews(group(LEAST, hostOf('v2')).dirs, true), 'attach', { target: '/fs/cgroup', root })
      .length,
    1,
  )
})
