import { readFileSync } from 'node:fs'
import t from 'tap'
import { type OciResources, resourceWrites } from '../../src/index.ts'
import { bare, hybrid, v1, v2, written } from './hosts.ts'

const EVERYTHING: OciResources = {
  memory: {
    limit: 67108864,
    reservation: 33554432,
    swap: 100663296,
    checkBeforeUpdate: true,
    useHierarchy: true,
  },
  cpu: { shares: 2048, quota: 50000, period: 100000, burst: 10000, cpus: '0-1', mems: '0', idle: 0 },
  pids: { limit: 20 },
  blockIO: {
    weight: 500,
    weightDevice: [{ major: 8, minor: 0, weight: 300 }],
    throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1048576 }],
    throttleWriteBpsDevice: [{ major: 8, minor: 0, rate: 2097152 }],
    throttleReadIOPSDevice: [{ major: 8, minor: 0, rate: 100 }],
    throttleWriteIOPSDevice: [{ major: 8, minor: 16, rate: 200 }],
  },
  hugepageLimits: [{ pageSize: '2MB', limit: 4194304 }],
}

t.test('on v2 each field has its file', async t => {
  t.same(written(v2, { ...EVERYTHING, rdma: { mlx5_1: { hcaHandles: 3, hcaObjects: 10000 } } }), [
    '/cpuset.cpus = 0-1',
    '/cpuset.mems = 0',
    '/cpu.max = 50000 100000',
    '/cpu.max.burst = 10000',
    '/cpu.weight = 174',
    '/memory.swap.max = 33554432',
    '/memory.max = 67108864',
    '/memory.low = 33554432',
    '/io.weight = 4950',
    '/io.weight = 8:0 2930',
    '/io.max = 8:0 rbps=1048576',
    '/io.max = 8:0 wbps=2097152',
    '/io.max = 8:0 riops=100',
    '/io.max = 8:16 wiops=200',
    '/hugetlb.2MB.max = 4194304',
    '/hugetlb.2MB.rsvd.max = 4194304',
    '/rdma.max = mlx5_1 hca_handle=3 hca_object=10000',
    '/pids.max = 20',
  ])
})

t.test('on v1 too, in an order a new group accepts', async t => {
  const network = { classID: 1048577, priorities: [{ name: 'eth0', priority: 500 }] }
  t.same(written(v1, { ...EVERYTHING, network }), [
    '/cpuset/cpuset.cpus = 0-1',
    '/cpuset/cpuset.mems = 0',
    '/cpu,cpuacct/cpu.cfs_period_us = 100000',
    '/cpu,cpuacct/cpu.cfs_quota_us = 50000',
    '/cpu,cpuacct/cpu.cfs_burst_us = 10000',
    '/cpu,cpuacct/cpu.shares = 2048',
    '/memory/memory.limit_in_bytes = 67108864',
    '/memory/memory.memsw.limit_in_bytes = 100663296',
    '/memory/memory.soft_limit_in_bytes = 33554432',
    '/memory/memory.use_hierarchy = 1',
    '/blkio/blkio.bfq.weight = 500',
    '/blkio/blkio.bfq.weight_device = 8:0 300',
    '/blkio/blkio.throttle.read_bps_device = 8:0 1048576',
    '/blkio/blkio.throttle.write_bps_device = 8:0 2097152',
    '/blkio/blkio.throttle.read_iops_device = 8:0 100',
    '/blkio/blkio.throttle.write_iops_device = 8:16 200',
    '/hugetlb/hugetlb.2MB.limit_in_bytes = 4194304',
    '/hugetlb/hugetlb.2MB.rsvd.limit_in_bytes = 4194304',
    '/net_cls,net_prio/net_cls.classid = 1048577',
    '/net_cls,net_prio/net_prio.ifpriomap = eth0 500',
    '/pids/pids.max = 20',
  ])
})

t.test('on a hybrid host each goes where its controller is', async t => {
  const resources = { pids: { limit: 1 }, hugepageLimits: [{ pageSize: '2MB', limit: 0 }] }
  t.same(written(hybrid, resources), [
    '/unified/hugetlb.2MB.max = 0',
    '/unified/hugetlb.2MB.rsvd.max = 0',
    '/pids/pids.max = 1',
  ])
})

const NOTHING: OciResources = {
  memory: {
    limit: -1,
    reservation: -1,
    swap: -1,
    kernel: -1,
    kernelTCP: -1,
    swappiness: 2n ** 64n - 1n,
    disableOOMKiller: false,
  },
  cpu: {
    shares: 0,
    quota: -1,
    period: 0,
    burst: 0,
    realtimePeriod: 0,
    realtimeRuntime: 0,
    cpus: '',
    mems: '',
    idle: 0,
  },
  pids: { limit: -1 },
  blockIO: { weight: 0, leafWeight: 0, throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 0 }] },
  network: { classID: 0, priorities: [] },
  hugepageLimits: [],
  rdma: {},
  unified: {},
}

t.test('what limits nothing is not written into a new group, and needs no controller', async t => {
  for (const host of [v1, v2, hybrid, bare]) {
    t.same(written(host, NOTHING), [], host.mode)
    t.same(written(host, {}), [])
    t.same(written(host, { memory: { limit: 0, swap: 0, reservation: 0, kernel: 0 } }), [])
  }
})

/** What each field is refused with on a host without controllers: the field, and what it lacks. */
const LACKING: readonly (readonly [step: string, controller: string, resources: OciResources])[] = [
  ['memory.limit', 'memory', { memory: { limit: 1 } }],
  ['memory.reservation', 'memory', { memory: { reservation: 1 } }],
  ['memory.swappiness', 'memory', { memory: { swappiness: 0 } }],
  ['cpu.shares', 'cpu', { cpu: { shares: 2 } }],
  ['cpu.quota', 'cpu', { cpu: { quota: 1000 } }],
  ['cpu.burst', 'cpu', { cpu: { burst: 1 } }],
  ['cpu.idle', 'cpu', { cpu: { idle: 1 } }],
  ['cpu.cpus', 'cpuset', { cpu: { cpus: '0' } }],
  ['cpu.mems', 'cpuset', { cpu: { mems: '0' } }],
  ['pids.limit', 'pids', { pids: { limit: 1 } }],
  ['blockIO.weight', 'io', { blockIO: { weight: 10 } }],
  [
    'blockIO.throttleReadBpsDevice[0]',
    'io',
    { blockIO: { throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1 }] } },
  ],
  ['hugepageLimits[0].limit', 'hugetlb', { hugepageLimits: [{ pageSize: '2MB', limit: 0 }] }],
  ['network.classID', 'net_cls', { network: { classID: 1 } }],
  ['network.priorities[0]', 'net_prio', { network: { priorities: [{ name: 'lo', priority: 0 }] } }],
  ['rdma["a"]', 'rdma', { rdma: { a: { hcaHandles: 0 } } }],
]

t.test('a field whose controller is missing is refused by its path, never dropped', async t => {
  for (const [step, controller, resources] of LACKING) {
    const knob = `linux.resources.${step}`
    t.throws(
      () => resourceWrites(bare, resources),
      { code: 'ERR_TSBOX_CONTROLLER', step: knob, message: `${knob} needs the ${controller} controller` },
      step,
    )
  }
})

t.test('every field of the interface is written or refused somewhere in these tests', async t => {
  const fields = readFileSync(new URL('../../src/oci/resources.ts', import.meta.url), 'utf8')
  const tests = ['resource-writes', 'memory', 'cpu', 'blkio', 'unified']
    .map(name => readFileSync(new URL(`${name}.test.ts`, import.meta.url), 'utf8'))
    .join('')
  const names = [...fields.matchAll(/^ +readonly (\w+)\?/gm)].map(([, name]) => name!)
  t.ok(names.length > 30)
  for (const name of names.filter(name => !['devices', 'type', 'access'].includes(name))) {
    t.match(tests, new RegExp(`\\b${name}: `), name)
  }
})

t.test('what only v1 has is refused on v2', async t => {
  for (const [step, resources] of [
    ['memory.swappiness', { memory: { swappiness: 60 } }],
    ['memory.disableOOMKiller', { memory: { disableOOMKiller: true } }],
    ['memory.useHierarchy', { memory: { useHierarchy: false } }],
    ['memory.kernelTCP', { memory: { kernelTCP: 1 } }],
    ['cpu.realtimePeriod', { cpu: { realtimePeriod: 1 } }],
    ['cpu.realtimeRuntime', { cpu: { realtimeRuntime: 1 } }],
  ] as const) {
    const knob = `linux.resources.${step}`
    t.throws(() => resourceWrites(v2, resources), { code: 'ERR_TSBOX_CONTROLLER', step: knob, message: /v2/ })
    t.equal(resourceWrites(v1, resources).length, 1, `${step} on v1`)
  }
  t.same(written(v2, { memory: { useHierarchy: true } }), [], 'v2 has no other way')
})

t.test('what no kernel does any more is refused everywhere', async t => {
  for (const [step, resources] of [
    ['memory.kernel', { memory: { kernel: 1048576 } }],
    ['blockIO.leafWeight', { blockIO: { leafWeight: 10 } }],
    [
      'blockIO.weightDevice[0].leafWeight',
      { blockIO: { weightDevice: [{ major: 8, minor: 0, leafWeight: 10 }] } },
    ],
  ] as const) {
    for (const host of [v1, v2]) {
      const wanted = { code: 'ERR_TSBOX_CONTROLLER', step: `linux.resources.${step}`, hint: /leave it out/ }
      t.throws(() => resourceWrites(host, resources), wanted)
    }
  }
})

t.test('a process limit of 0 allows what 1 does, and lets the first process in', async t => {
  t.same(written(v2, { pids: { limit: 0 } }), ['/pids.max = 1'])
  t.same(written(v1, { pids: { limit: 0n } }), ['/pids/pids.max = 1'])
  t.same(written(v1, { pids: {} }), [])
})

t.test('64-bit numbers are written whole', async t => {
  const limit = 9223372036854771713n
  t.same(written(v1, { memory: { limit } }), [`/memory/memory.limit_in_bytes = ${limit}`])
  t.same(written(v2, { memory: { limit, swap: limit + 1n } }), [
    '/memory.swap.max = 1',
    `/memory.max = ${limit}`,
  ])
})

t.test('a value a field cannot have is refused by its path', async t => {
  for (const [step, resources] of [
    ['memory.limit', { memory: { limit: -2 } }],
    ['memory.limit', { memory: { limit: 1.5 } }],
    ['memory.swappiness', { memory: { swappiness: 101 } }],
    ['cpu.idle', { cpu: { idle: 2 } }],
    ['cpu.period', { cpu: { period: -1 } }],
    ['cpu.burst', { cpu: { burst: -1 } }],
    ['cpu.burst', { cpu: { quota: 1000, burst: 1001 } }],
    ['blockIO.weight', { blockIO: { weight: 9 } }],
    ['blockIO.weight', { blockIO: { weight: 1001 } }],
    ['blockIO.weightDevice[0]', { blockIO: { weightDevice: [{ major: 8, minor: 0 }] } }],
    ['hugepageLimits[0].pageSize', { hugepageLimits: [{ pageSize: '2M', limit: 1 }] }],
    ['hugepageLimits[0].limit', { hugepageLimits: [{ pageSize: '2MB', limit: -1 }] }],
    ['network.classID', { network: { classID: 2 ** 32 } }],
    ['network.priorities[0].name', { network: { priorities: [{ name: 'a b', priority: 1 }] } }],
    ['network.priorities[0].priority', { network: { priorities: [{ name: 'lo', priority: -1 }] } }],
    ['rdma["mlx"]', { rdma: { mlx: {} } }],
    ['rdma["m x"]', { rdma: { 'm x': { hcaObjects: 1 } } }],
  ] as const) {
    for (const host of [v1, v2]) {
      t.throws(() => resourceWrites(host, resources), {
        code: 'ERR_TSBOX_SPEC',
        step: `linux.resources.${step}`,
      })
    }
  }
})
