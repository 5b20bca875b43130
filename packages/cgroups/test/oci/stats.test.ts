import t from 'tap'
import {
  type CgroupHost,
  eventText,
  hugePageSizes,
  type OciStats,
  ociStats,
  openContainer,
  type ReadGroupFile,
  readerOf,
} from '../../src/index.ts'
import { pageSizeOf } from '../../src/oci/events.ts'
import { groupFor, playableHosts, runInside, until } from '../scratch.ts'
import { bare, hybrid, v1, v2 } from './hosts.ts'

const PSI = `some avg10=1.50 avg60=0.20 avg300=0.00 total=1234
full avg10=0.00 avg60=0.00 avg300=0.00 total=99
`
const PRESSURE = {
  some: { avg10: 1.5, avg60: 0.2, avg300: 0, total: 1234 },
  full: { avg10: 0, avg60: 0, avg300: 0, total: 99 },
}

const V1_FILES: Readonly<Record<string, string>> = {
  'cpu,cpuacct/cpu.stat': 'nr_periods 10\nnr_throttled 3\nthrottled_time 5000000\n',
  'cpu,cpuacct/cpuacct.usage': '123456789\n',
  'cpu,cpuacct/cpuacct.usage_percpu': '100000000 23456789 \n',
  'cpu,cpuacct/cpuacct.usage_all': 'cpu user system\n0 60000000 40000000\n1 20000000 3456789\n',
  'cpuset/cpuset.cpus': '0-2,5\n',
  'cpuset/cpuset.mems': '0\n',
  'cpuset/cpuset.sched_load_balance': '1\n',
  'cpuset/cpuset.sched_relax_domain_level': '-1\n',
  'memory/memory.limit_in_bytes': '9223372036854771712\n',
  'memory/memory.usage_in_bytes': '4096\n',
  'memory/memory.max_usage_in_bytes': '8192\n',
  'memory/memory.failcnt': '7\n',
  'memory/memory.memsw.limit_in_bytes': '104857600\n',
  'memory/memory.memsw.usage_in_bytes': '4096\n',
  'memory/memory.memsw.failcnt': '0\n',
  'memory/memory.stat': 'cache 2048\nrss 1024\ntotal_cache 2048\n',
  'pids/pids.current': '3\n',
  'pids/pids.max': '20\n',
  'blkio/blkio.bfq.io_serviced_recursive': 'Total 0\n',
  'blkio/blkio.throttle.io_serviced_recursive': '8:0 Read 2\n8:0 Write 0\n8:0 Total 2\nTotal 2\n',
  'blkio/blkio.throttle.io_service_bytes_recursive': '8:0 Read 4096\n8:0 Total 4096\nTotal 4096\n',
  'hugetlb/hugetlb.2MB.rsvd.usage_in_bytes': '0\n',
  'hugetlb/hugetlb.2MB.rsvd.max_usage_in_bytes': '2097152\n',
  'hugetlb/hugetlb.2MB.rsvd.failcnt': '1\n',
}

const V2_FILES: Readonly<Record<string, string>> = {
  'cpu.stat':
    'usage_usec 1000\nuser_usec 700\nsystem_usec 300\nnr_periods 5\nnr_throttled 1\nthrottled_usec 20\n',
  'cpu.pressure': PSI,
  'memory.pressure': PSI,
  'memory.current': '4096\n',
  'memory.max': 'max\n',
  'memory.peak': '9000\n',
  'memory.swap.current': '100\n',
  'memory.swap.max': '200\n',
  'memory.stat': 'anon 1024\nfile 2048\n',
  'pids.current': '3\n',
  'pids.max': 'max\n',
  'io.stat': '8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n8:16 \n',
  'hugetlb.2MB.rsvd.current': '4194304\n',
  'hugetlb.2MB.events': 'max 2\n',
}

const below =
  (files: Readonly<Record<string, string>>, top = '/sys/fs/cgroup'): ReadGroupFile =>
  (mount, file) =>
    files[`${mount}/${file}`.slice(top.length + 1)]

/** What a reader of the line sees. */
const seen = (host: CgroupHost, read: ReadGroupFile): unknown =>
  JSON.parse(
    eventText({ type: 'stats', id: 'web', data: ociStats({ host, read, pageSizes: ['2MB', '1GB'] }) }),
  ).data

t.test('on v1 it is what runc prints of these files', async t => {
  t.match(seen(v1, below(V1_FILES)), {
    cpu: {
      usage: {
        total: 123456789,
        percpu: [100000000, 23456789],
        percpu_kernel: [40000000, 3456789],
        percpu_user: [60000000, 20000000],
        kernel: 43456789,
        user: 80000000,
      },
      throttling: { periods: 10, throttledPeriods: 3, throttledTime: 5000000 },
    },
    cpuset: {
      cpus: [0, 1, 2, 5],
      mems: [0],
      cpu_exclusive: 0,
      sched_load_balance: 1,
      sched_relax_domain_level: -1,
    },
    memory: {
      cache: 2048,
      usage: { limit: Number(9223372036854771712n), usage: 4096, max: 8192, failcnt: 7 },
      swap: { limit: 104857600, usage: 4096, failcnt: 0 },
      kernel: { limit: 0, failcnt: 0 },
      raw: { cache: 2048, rss: 1024, total_cache: 2048 },
    },
    pids: { current: 3, limit: 20 },
    blkio: {
      ioServiceBytesRecursive: [
        { major: 8, op: 'Read', value: 4096 },
        { major: 8, op: 'Total', value: 4096 },
      ],
      ioServicedRecursive: [{ major: 8, op: 'Read', value: 2 }, { major: 8, op: 'Write' }, { op: 'Total' }],
    },
    hugetlb: { '2MB': { max: 2097152, failcnt: 1 } },
    intel_rdt: {},
    network_interfaces: null,
  })
})

t.test('on v2 units and names are the same: nanoseconds, and swap as the sum with memory', async t => {
  t.match(seen(v2, below(V2_FILES)), {
    cpu: {
      usage: { total: 1_000_000, kernel: 300_000, user: 700_000 },
      throttling: { periods: 5, throttledPeriods: 1, throttledTime: 20_000 },
      psi: PRESSURE,
    },
    memory: {
      cache: 2048,
      usage: { limit: Number(2n ** 64n - 1n), usage: 4096, max: 9000, failcnt: 0 },
      swap: { usage: 4196, failcnt: 0 },
      raw: { anon: 1024, file: 2048 },
      psi: PRESSURE,
    },
    pids: { current: 3 },
    blkio: {
      ioServiceBytesRecursive: [
        { major: 8, op: 'Read', value: 1 },
        { op: 'Write', value: 2 },
        { op: 'Discard' },
      ],
      ioServicedRecursive: [{ op: 'Read', value: 3 }, { op: 'Write', value: 4 }, { op: 'Discard' }],
    },
    hugetlb: { '2MB': { usage: 4194304, failcnt: 2 } },
  })
})

t.test('no limit is written in full, so that readers with 64 bits find it', async t => {
  const line = (host: CgroupHost, read: ReadGroupFile) =>
    eventText({ type: 'stats', id: 'web', data: ociStats({ host, read }) })
  t.match(line(v2, below(V2_FILES)), '"usage":{"limit":18446744073709551615,')
  t.match(line(v1, below(V1_FILES)), '"usage":{"limit":9223372036854771712,')
  t.equal(eventText({ type: 'oom', id: 'web' }), '{"type":"oom","id":"web"}')
})

t.test('zeros are left out where runc leaves them out', async t => {
  const text = JSON.stringify(seen(v2, below(V2_FILES)))
  t.notMatch(text, '"value":0')
  t.notMatch(text, '"limit":0,"usage":0')
})

t.test('a host or group without controllers still has the shape', async t => {
  const empty = seen(bare, () => undefined) as OciStats
  t.match(empty, {
    cpu: { usage: { kernel: 0, user: 0 } },
    memory: { usage: { limit: 0 } },
    pids: {},
    hugetlb: {},
  })
  t.same(empty.blkio, {})
})

t.test('on a hybrid host v1 counts, and the v2 tree has the pressure', async t => {
  const read: ReadGroupFile = (mount, file) =>
    mount.endsWith('/unified') ? V2_FILES[file] : below(V1_FILES)(mount, file)
  t.match(seen(hybrid, read), {
    cpu: { usage: { total: 123456789 }, psi: PRESSURE },
    pids: { limit: 20 },
    hugetlb: { '2MB': { usage: 4194304 } },
  })
})

t.test('page sizes are named as cgroup files name them', async t => {
  t.equal(pageSizeOf('hugepages-2048kB'), '2MB')
  t.equal(pageSizeOf('hugepages-1048576kB'), '1GB')
  t.equal(pageSizeOf('hugepages-64kB'), '64KB')
  t.equal(pageSizeOf('something'), undefined)
  for (const size of hugePageSizes()) t.match(size, /^\d+[KMG]B$/)
})

for (const host of playableHosts()) {
  t.test(`${host.mode}: a busy container's numbers grow, and fit together`, async t => {
    const group = await groupFor(t, { host, limits: { pids: { max: 9 }, memory: { max: '64Mi' } } })
    await runInside(group, 'x=$(head -c 1000000 /dev/zero | tr "\\0" x); while :; do :; done')
    const dirs = openContainer(host, group.path)
    const look = () => ociStats({ host, read: readerOf(dirs), pageSizes: hugePageSizes() })
    const total = () => Number(look().cpu.usage.total ?? 0)
    await until(() => total() > 50_000_000)
    const { cpu, memory, pids } = look()
    t.ok(Number(cpu.usage.user) > 0)
    t.ok(total() >= Number(cpu.usage.total))
    t.equal(memory.usage.limit, 64 * 2 ** 20)
    t.ok(Number(memory.usage.usage) > 0)
    t.equal(pids.limit, 9)
    t.ok(Number(pids.current) >= 1 && Number(pids.current) <= 9, `${pids.current}`)
    t.ok(Object.keys(memory.raw ?? {}).length > 5)
  })
}
