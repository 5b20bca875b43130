import t from 'tap'
import { read, refuses, withResources } from './documents.ts'

const at = 'linux.resources'
const resources = (changes: Readonly<Record<string, unknown>>) => read(withResources(changes)).linux.resources

t.test('memory is bytes, exact to the last, or -1 (M4)', async t => {
  const memory = {
    limit: 9007199254740993n,
    reservation: 0,
    swap: -1,
    kernelTCP: 9223372036854775807n,
    swappiness: 100,
  }
  t.strictSame(resources({ memory }), { memory })
  refuses(t, [
    ...['limit', 'reservation', 'swap', 'kernel', 'kernelTCP'].flatMap(name =>
      [-2, 9223372036854775808n, 1.5, '64m', 1e300].map(
        value => [`${at}.memory.${name}`, withResources({ memory: { [name]: value } })] as const,
      ),
    ),
    [`${at}.memory.swappiness`, withResources({ memory: { swappiness: 101 } })],
    [`${at}.memory.swappiness`, withResources({ memory: { swappiness: -1 } })],
    ...['disableOOMKiller', 'useHierarchy', 'checkBeforeUpdate'].map(
      name => [`${at}.memory.${name}`, withResources({ memory: { [name]: 1 } })] as const,
    ),
  ])
})

t.test('processor time is in range, and a burst within its quota', async t => {
  const cpu = {
    shares: 0,
    quota: -1,
    burst: 5,
    period: 18446744073709551615n,
    cpus: '0-3,5',
    mems: '0',
    idle: 1,
  }
  t.strictSame(resources({ cpu }), { cpu })
  t.strictSame(resources({ cpu: { cpus: '', mems: '' } }), { cpu: {} }, 'an empty list is none')
  t.ok(resources({ cpu: { quota: 0, burst: 5 } }), 'a quota of nothing is none')
  t.ok(resources({ cpu: { quota: 100, burst: 100, cpus: '0-1023:2/256' } }))
  refuses(t, [
    [`${at}.cpu.burst`, withResources({ cpu: { quota: 100, burst: 101 } })],
    [`${at}.cpu.shares`, withResources({ cpu: { shares: -1 } })],
    [`${at}.cpu.period`, withResources({ cpu: { period: 18446744073709551616n } })],
    [`${at}.cpu.quota`, withResources({ cpu: { quota: 'max' } })],
    [`${at}.cpu.realtimePeriod`, withResources({ cpu: { realtimePeriod: -1 } })],
    [`${at}.cpu.realtimeRuntime`, withResources({ cpu: { realtimeRuntime: 0.1 } })],
    [`${at}.cpu.cpus`, withResources({ cpu: { cpus: '0\n1' } })],
    [`${at}.cpu.cpus`, withResources({ cpu: { cpus: 'all' } })],
    [`${at}.cpu.mems`, withResources({ cpu: { mems: '0\0' } })],
    [`${at}.cpu.idle`, withResources({ cpu: { idle: 2 } })],
    [`${at}.cpu.idle`, withResources({ cpu: { idle: -1 } })],
  ])
})

t.test('device rules keep their order', async t => {
  const devices = [
    { allow: false, access: 'rwm' },
    { allow: true, type: 'c', major: 1, minor: 3, access: 'mr' },
    { allow: true, type: 'b', major: -1, minor: -1 },
    { allow: true, major: 4294967295, minor: 0 },
  ]
  t.strictSame(resources({ devices }), { devices })
  const rule = (changes: object) => withResources({ devices: [{ allow: true, ...changes }] })
  refuses(t, [
    [`${at}.devices[0].allow`, rule({ allow: undefined })],
    [`${at}.devices[0].allow`, rule({ allow: 'true' })],
    [`${at}.devices[0].type`, rule({ type: 'u' })],
    [`${at}.devices[0].major`, rule({ major: -2 })],
    [`${at}.devices[0].minor`, rule({ minor: 4294967296 })],
    ...['', 'x', 'rr', 'rwmr', 'r w', 'RW'].map(
      access => [`${at}.devices[0].access`, rule({ access })] as const,
    ),
  ])
})

t.test('processes, huge pages, the network and RDMA', async t => {
  const given = {
    pids: { limit: -1 },
    hugepageLimits: [
      { pageSize: '64KB', limit: 18446744073709551615n },
      { pageSize: '1GB', limit: 0 },
    ],
    network: { classID: 4294967295, priorities: [{ name: 'eth0', priority: 0 }] },
  }
  t.strictSame(resources(given), given)
  t.same(resources({ rdma: { mlx5_1: { hcaHandles: 0 } } }), { rdma: { mlx5_1: { hcaHandles: 0 } } })
  const page = (changes: object) =>
    withResources({ hugepageLimits: [{ pageSize: '2MB', limit: 1, ...changes }] })
  refuses(t, [
    [`${at}.pids.limit`, withResources({ pids: { limit: 0.5 } })],
    ...['2M', '0MB', 'MB', '2mb', '2MB ', '64kB', '', 2].map(
      pageSize => [`${at}.hugepageLimits[0].pageSize`, page({ pageSize })] as const,
    ),
    [`${at}.hugepageLimits[0].pageSize`, page({ pageSize: undefined })],
    [`${at}.hugepageLimits[0].limit`, page({ limit: -1 })],
    [`${at}.hugepageLimits[0].limit`, page({ limit: undefined })],
    [`${at}.network.classID`, withResources({ network: { classID: 4294967296 } })],
    [
      `${at}.network.priorities[0].name`,
      withResources({ network: { priorities: [{ name: 'a b', priority: 1 }] } }),
    ],
    [`${at}.network.priorities[0].name`, withResources({ network: { priorities: [{ priority: 1 }] } })],
    [`${at}.network.priorities[0].priority`, withResources({ network: { priorities: [{ name: 'a' }] } })],
    [`${at}.rdma.mlx5_1`, withResources({ rdma: { mlx5_1: {} } })],
    [`${at}.rdma.mlx5_1.hcaObjects`, withResources({ rdma: { mlx5_1: { hcaObjects: -1 } } })],
    [`${at}.rdma["a b"]`, withResources({ rdma: { 'a b': { hcaHandles: 1 } } })],
    [`${at}.rdma["a\\n"]`, withResources({ rdma: { 'a\n': { hcaHandles: 1 } } })],
    [`${at}.rdma[""]`, withResources({ rdma: { '': { hcaHandles: 1 } } })],
  ])
})

t.test('files of cgroup v2 are those of the group itself (E5)', async t => {
  const unified = {
    'io.max': '259:0 rbps=1\n253:0 rbps=2',
    'hugetlb.1GB.max': '1',
    'cpuset.cpus.partition': 'root',
  }
  t.same(resources({ unified }), { unified })
  refuses(t, [
    ...[
      '../memory.max',
      'a/memory.max',
      '/memory.max',
      '..',
      '.',
      'memory',
      '',
      'memory.',
      'memory.max\0',
      'a b.max',
    ]
      .map(
        key => [`${at}.unified[${JSON.stringify(key)}]`, withResources({ unified: { [key]: '1' } })] as const,
      )
      .map(([path, changes]) => [path.replace('["memory"]', '.memory'), changes] as const),
    [`${at}.unified["memory.max"]`, withResources({ unified: { 'memory.max': 1 } })],
    [`${at}.unified["memory.max"]`, withResources({ unified: { 'memory.max': '1\0' } })],
  ])
})

t.test('unknown resources pass, and an absent one stays absent', async t => {
  t.strictSame(resources({ oomScoreAdj: 100 }), {})
  refuses(t, [
    [at, { linux: { resources: [] } }],
    [`${at}.memory`, withResources({ memory: 5 })],
    [`${at}.devices`, withResources({ devices: {} })],
  ])
})
