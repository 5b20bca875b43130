import t from 'tap'
import { type CgroupHost, controllersOf, hostFromMountinfo, type Limits, limitWrites } from '../src/index.ts'
import { HYBRID, V1, V2, V2_CONTROLLERS } from './mountinfo-texts.ts'

const v1 = hostFromMountinfo(V1, undefined)
const v2 = hostFromMountinfo(V2, V2_CONTROLLERS)
const hybrid = hostFromMountinfo(HYBRID.replace(/^32 .*\n/m, ''), 'hugetlb\n')

const EVERYTHING: Limits = {
  pids: { max: 20 },
  memory: { max: '64Mi', low: '16Mi', swap: '1Mi' },
  cpu: { quota: '50ms', period: '100ms', burst: '10ms', weight: 200 },
  cpuset: { cpus: '0-1', mems: '0' },
  io: { weight: 200, max: [{ device: '8:0', rbps: '1Mi', wbps: 'max', riops: 100 }] },
  hugetlb: { '2MB': '4Mi' },
}

const written = (host: CgroupHost, limits: Limits): readonly string[] =>
  limitWrites(host, limits).map(
    ({ mount, file, value }) => `${mount.slice('/sys/fs/cgroup'.length)}/${file} = ${value}`,
  )

t.test('on v2 each limit has its file', async t => {
  t.same(written(v2, { ...EVERYTHING, memory: { ...EVERYTHING.memory, high: '48Mi' } }), [
    '/cpuset.cpus = 0-1',
    '/cpuset.mems = 0',
    '/cpu.max = 50000 100000',
    '/cpu.max.burst = 10000',
    '/cpu.weight = 200',
    '/memory.max = 67108864',
    '/memory.high = 50331648',
    '/memory.low = 16777216',
    '/memory.swap.max = 1048576',
    '/io.weight = 200',
    '/io.max = 8:0 rbps=1048576 wbps=max riops=100',
    '/hugetlb.2MB.max = 4194304',
    '/pids.max = 20',
  ])
})

t.test('on v1 too, in an order a new group accepts', async t => {
  t.same(written(v1, EVERYTHING), [
    '/cpuset/cpuset.cpus = 0-1',
    '/cpuset/cpuset.mems = 0',
    '/cpu,cpuacct/cpu.cfs_period_us = 100000',
    '/cpu,cpuacct/cpu.cfs_quota_us = 50000',
    '/cpu,cpuacct/cpu.cfs_burst_us = 10000',
    '/cpu,cpuacct/cpu.shares = 2048',
    '/memory/memory.limit_in_bytes = 67108864',
    '/memory/memory.memsw.limit_in_bytes = 68157440',
    '/memory/memory.soft_limit_in_bytes = 16777216',
    '/blkio/blkio.bfq.weight = 109',
    '/blkio/blkio.throttle.read_bps_device = 8:0 1048576',
    '/blkio/blkio.throttle.write_bps_device = 8:0 0',
    '/blkio/blkio.throttle.read_iops_device = 8:0 100',
    '/hugetlb/hugetlb.2MB.limit_in_bytes = 4194304',
    '/pids/pids.max = 20',
  ])
})

t.test('on a hybrid host each goes where its controller is', async t => {
  t.same(written(hybrid, { pids: { max: 1 }, hugetlb: { '2MB': 0 } }), [
    '/unified/hugetlb.2MB.max = 0',
    '/pids/pids.max = 1',
  ])
})

t.test('no limit is written as the version at hand spells it', async t => {
  const limits: Limits = { pids: { max: 'max' }, memory: { max: 'max', swap: 'max' }, cpu: { max: 'max' } }
  t.same(written(v2, limits), [
    '/cpu.max = max 100000',
    '/memory.max = max',
    '/memory.swap.max = max',
    '/pids.max = max',
  ])
  t.same(written(v1, limits), [
    '/cpu,cpuacct/cpu.cfs_quota_us = -1',
    '/memory/memory.limit_in_bytes = -1',
    '/memory/memory.memsw.limit_in_bytes = -1',
    '/pids/pids.max = max',
  ])
})

t.test('shares are exact on v1 and converted on v2', async t => {
  t.same(written(v1, { cpu: { shares: 512 } }), ['/cpu,cpuacct/cpu.shares = 512'])
  t.same(written(v2, { cpu: { shares: 512 } }), ['/cpu.weight = 59'])
})

t.test(
  'raw files are written on v2 after everything else, on a hybrid host as far as its v2 tree goes',
  async t => {
    t.same(written(v2, { raw: { 'memory.oom.group': '1', 'misc.max': 'a 1' }, pids: { max: 3 } }), [
      '/pids.max = 3',
      '/memory.oom.group = 1',
      '/misc.max = a 1',
    ])
    t.same(written(hybrid, { raw: { 'cgroup.max.depth': '2' } }), ['/unified/cgroup.max.depth = 2'])
    t.throws(() => written(hybrid, { raw: { 'memory.oom.group': '1' } }), {
      code: 'ERR_TSBOX_CONTROLLER',
      step: 'raw["memory.oom.group"]',
    })
    t.throws(() => written(v1, { raw: { 'cgroup.max.depth': '2' } }), {
      code: 'ERR_TSBOX_CONTROLLER',
      message: /cgroup v2/,
    })
  },
)

t.test('a limit whose controller is missing is refused by name, never dropped', async t => {
  const bare = hostFromMountinfo(V2, '')
  for (const [step, controller, limits] of [
    ['pids.max', 'pids', { pids: { max: 1 } }],
    ['memory.high', 'memory', { memory: { high: 1 } }],
    ['cpu.max', 'cpu', { cpu: { max: 1 } }],
    ['cpuset.cpus', 'cpuset', { cpuset: { cpus: '0' } }],
    ['io.weight', 'io', { io: { weight: 1 } }],
    ['hugetlb.2MB', 'hugetlb', { hugetlb: { '2MB': 1 } }],
  ] as const) {
    t.throws(
      () => limitWrites(bare, limits),
      {
        code: 'ERR_TSBOX_CONTROLLER',
        step,
        message: new RegExp(`^${step} needs the ${controller} controller`),
      },
      step,
    )
  }
  t.throws(() => limitWrites(v1, { memory: { high: '1Gi' } }), {
    code: 'ERR_TSBOX_CONTROLLER',
    step: 'memory.high',
    hint: /cgroup v2/,
  })
})

t.test('on v1 swap alone cannot be limited', async t => {
  t.throws(() => limitWrites(v1, { memory: { swap: 0 } }), { code: 'ERR_TSBOX_SPEC', step: 'memory.swap' })
  t.same(written(v1, { memory: { swap: 'max' } }), ['/memory/memory.memsw.limit_in_bytes = -1'])
  t.same(written(v2, { memory: { swap: 0 } }), ['/memory.swap.max = 0'])
})

t.test('a group gets the controllers its limits need', async t => {
  t.same(
    controllersOf(limitWrites(v2, { pids: { max: 1 }, cpuset: { cpus: '0' }, raw: { 'misc.max': 'a 1' } })),
    ['cpuset', 'pids', 'misc'],
  )
  t.same(limitWrites(v2, {}), [])
})
