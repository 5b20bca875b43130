import t from 'tap'
import { type CgroupHost, hostFromMountinfo, statFiles, statsFromFiles } from '../src/index.ts'
import { HYBRID, V1, V2, V2_CONTROLLERS } from './mountinfo-texts.ts'

const v1 = hostFromMountinfo(V1, undefined)
const v2 = hostFromMountinfo(V2, V2_CONTROLLERS)
const hybrid = hostFromMountinfo(HYBRID, '')

/** Answers with the texts given, and insists that only announced files are asked for. */
const reader = (host: CgroupHost, texts: Readonly<Record<string, string>>) => {
  const announced = new Set(statFiles(host).map(({ mount, file }) => `${mount}/${file}`))
  return (mount: string, file: string): string | undefined => {
    if (!announced.has(`${mount}/${file}`)) throw new Error(`not announced: ${mount}/${file}`)
    return texts[file]
  }
}

const V2_TEXTS = {
  'cpu.stat':
    'usage_usec 300\nuser_usec 200\nsystem_usec 100\nnice_usec 0\nnr_periods 9\nnr_throttled 4\nthrottled_usec 55\n',
  'memory.current': '1000\n',
  'memory.peak': '2000\n',
  'memory.swap.current': '30\n',
  'memory.events': 'low 0\nhigh 5\nmax 6\noom 2\noom_kill 1\noom_group_kill 0\n',
  'pids.current': '3\n',
  'pids.peak': '7\n',
  'pids.events': 'max 8\n',
  'io.stat':
    '8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n254:0 rbytes=5 wbytes=0 rios=3 wios=0 dbytes=0 dios=0\n7:0 \n',
  'cpu.pressure':
    'some avg10=0.00 avg60=0.00 avg300=0.00 total=11\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=12\n',
  'memory.pressure':
    'some avg10=1.50 avg60=0.00 avg300=0.00 total=13\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=14\n',
  'io.pressure': 'some avg10=0.00 avg60=0.00 avg300=0.00 total=15\n',
  'cgroup.events': 'populated 1\nfrozen 0\n',
}

const V1_TEXTS = {
  'cpuacct.usage': '300499\n',
  'cpuacct.stat': 'user 2\nsystem 1\n',
  'cpu.stat': 'nr_periods 9\nnr_throttled 4\nthrottled_time 55000\nnr_bursts 0\nburst_time 0\n',
  'memory.usage_in_bytes': '1000\n',
  'memory.max_usage_in_bytes': '2000\n',
  'memory.failcnt': '6\n',
  'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n',
  'memory.stat': 'cache 1\nswap 1\nhierarchical_memory_limit 5\ntotal_cache 1\ntotal_swap 30\n',
  'pids.current': '3\n',
  'pids.peak': '7\n',
  'pids.events': 'max 8\n',
  'blkio.throttle.io_service_bytes_recursive':
    '8:0 Read 10\n8:0 Write 20\n8:0 Sync 30\n8:0 Async 0\n8:0 Discard 0\n8:0 Total 30\nTotal 30\n',
  'blkio.throttle.io_serviced_recursive': '8:0 Read 1\n8:0 Write 2\n8:0 Sync 3\n8:0 Total 3\nTotal 3\n',
  'cgroup.procs': '17\n',
}

t.test('v2 files become numbers with units', async t => {
  t.same(statsFromFiles(v2, reader(v2, V2_TEXTS)), {
    cpu: { usageUs: 300, userUs: 200, systemUs: 100, throttledUs: 55, throttledPeriods: 4 },
    memory: {
      currentBytes: 1000,
      peakBytes: 2000,
      swapBytes: 30,
      events: { oom: 2, oomKill: 1, high: 5, max: 6 },
    },
    pids: { current: 3, peak: 7, limitHits: 8 },
    io: {
      total: { readBytes: 15, writeBytes: 20, readOps: 4, writeOps: 2 },
      devices: {
        '8:0': { readBytes: 10, writeBytes: 20, readOps: 1, writeOps: 2 },
        '254:0': { readBytes: 5, writeBytes: 0, readOps: 3, writeOps: 0 },
      },
    },
    pressure: {
      cpu: { someTotalUs: 11, fullTotalUs: 12 },
      memory: { someTotalUs: 13, fullTotalUs: 14 },
      io: { someTotalUs: 15, fullTotalUs: undefined },
    },
    populated: true,
  })
})

const none = { someTotalUs: undefined, fullTotalUs: undefined }

t.test('v1 files become the same numbers, from nanoseconds and ticks', async t => {
  t.same(statsFromFiles(v1, reader(v1, V1_TEXTS)), {
    cpu: { usageUs: 300, userUs: 20_000, systemUs: 10_000, throttledUs: 55, throttledPeriods: 4 },
    memory: {
      currentBytes: 1000,
      peakBytes: 2000,
      swapBytes: 30,
      events: { oom: undefined, oomKill: 1, high: undefined, max: 6 },
    },
    pids: { current: 3, peak: 7, limitHits: 8 },
    io: {
      total: { readBytes: 10, writeBytes: 20, readOps: 1, writeOps: 2 },
      devices: { '8:0': { readBytes: 10, writeBytes: 20, readOps: 1, writeOps: 2 } },
    },
    pressure: { cpu: none, memory: none, io: none },
    populated: true,
  })
})

t.test('a hybrid host takes processor time, pressure and population from v2, the rest from v1', async t => {
  const base = 'usage_usec 300\nuser_usec 200\nsystem_usec 100\n'
  const read = (mount: string, file: string) => {
    if (mount !== '/sys/fs/cgroup/unified') return reader(hybrid, V1_TEXTS)(mount, file)
    return reader(hybrid, { ...V2_TEXTS, 'cpu.stat': base })(mount, file)
  }
  const stats = statsFromFiles(hybrid, read)
  t.same(stats.cpu, { usageUs: 300, userUs: 200, systemUs: 100, throttledUs: 55, throttledPeriods: 4 })
  t.match(stats, { populated: true, memory: { peakBytes: 2000 }, pressure: { cpu: { someTotalUs: 11 } } })
})

t.test('what the kernel does not say is undefined, not zero', async t => {
  for (const host of [v1, v2, hybrid]) {
    t.same(
      statsFromFiles(host, () => undefined),
      {
        cpu: {
          usageUs: undefined,
          userUs: undefined,
          systemUs: undefined,
          throttledUs: undefined,
          throttledPeriods: undefined,
        },
        memory: {
          currentBytes: undefined,
          peakBytes: undefined,
          swapBytes: undefined,
          events: { oom: undefined, oomKill: undefined, high: undefined, max: undefined },
        },
        pids: { current: undefined, peak: undefined, limitHits: undefined },
        io: { total: undefined, devices: {} },
        pressure: { cpu: none, memory: none, io: none },
        populated: undefined,
      },
      host.mode,
    )
  }
})

t.test('an empty io file is a count of nothing, and a cut one does no harm', async t => {
  const zeros = { readBytes: 0, writeBytes: 0, readOps: 0, writeOps: 0 }
  t.same(statsFromFiles(v2, reader(v2, { 'io.stat': '' })).io, { total: zeros, devices: {} })
  t.match(statsFromFiles(v2, reader(v2, { 'pids.current': 'max', 'memory.events': 'oom_kil' })), {
    pids: { current: undefined },
    memory: { events: { oomKill: undefined } },
  })
})

t.test('an empty v1 group is not populated', async t => {
  t.equal(statsFromFiles(v1, reader(v1, { 'cgroup.procs': '' })).populated, false)
})

t.test('a snapshot can be limited to the controllers a group has', async t => {
  t.same(
    statFiles(v1, ['pids']).map(({ file }) => file),
    ['pids.current', 'pids.peak', 'pids.events', 'cgroup.procs'],
  )
})
