import t from 'tap'
import { type Limits, normalLimits } from '../src/index.ts'

t.test('limits come out in the kernel’s units', async t => {
  const normal = normalLimits({
    pids: { max: 20 },
    memory: { max: '64Mi', high: 1000, low: '1k', swap: 'max' },
    cpu: { max: 1.5, burst: '10ms', weight: 100 },
    cpuset: { cpus: '0-1,4', mems: '0' },
    io: { weight: 50, max: [{ device: '254:0', rbps: '1M', wiops: 'max' }] },
    hugetlb: { '2MB': '4Mi' },
    raw: { 'memory.oom.group': '1' },
  })
  t.same(normal, {
    pidsMax: 20,
    memory: { max: 67_108_864, high: 1000, low: 1024, swap: 'max' },
    cpu: {
      quota: 150_000,
      quotaKnob: 'cpu.max',
      period: 100_000,
      burst: 10_000,
      weight: 100,
      shares: undefined,
    },
    cpuset: { cpus: '0-1,4', mems: '0' },
    io: { weight: 50, max: [{ device: '254:0', rates: { rbps: 1_048_576, wiops: 'max' } }] },
    hugetlb: [['2MB', 4_194_304]],
    raw: [['memory.oom.group', '1']],
  })
})

t.test('a number of processors is a quota in the period given', async t => {
  t.match(normalLimits({ cpu: { max: 0.5, period: '20ms' } }).cpu, { quota: 10_000, period: 20_000 })
  t.match(normalLimits({ cpu: { max: 'max' } }).cpu, { quota: 'max', period: undefined })
  t.match(normalLimits({ cpu: { quota: '50ms' } }).cpu, { quota: 50_000, period: undefined })
})

t.test('fields given as undefined are not given', async t => {
  t.same(
    normalLimits({ pids: { max: undefined }, memory: undefined, io: { max: undefined } }),
    normalLimits({}),
  )
})

const refusals: readonly (readonly [where: string, limits: unknown])[] = [
  ['pids.max', { pids: { max: 0 } }],
  ['pids.max', { pids: { max: 4_194_305 } }],
  ['pids.max', { pids: { max: '20' } }],
  ['pids.maximum', { pids: { maximum: 20 } }],
  ['process', { process: { max: 20 } }],
  ['pids', { pids: 20 }],
  ['memory', { memory: null }],
  ['cpu', { cpu: [] }],
  ['cpu.max', { cpu: { max: 0 } }],
  ['cpu.max', { cpu: { max: 0.009 } }],
  ['cpu.max', { cpu: { max: -1 } }],
  ['cpu.max', { cpu: { max: Number.NaN } }],
  ['cpu.max', { cpu: { max: '1.5' } }],
  ['cpu.max', { cpu: { max: 1, quota: 1000 } }],
  ['cpu.quota', { cpu: { quota: 999 } }],
  ['cpu.quota', { cpu: { quota: '50000' } }],
  ['cpu.period', { cpu: { period: 1_000_001 } }],
  ['cpu.burst', { cpu: { quota: 1000, burst: 1001 } }],
  ['cpu.weight', { cpu: { weight: 0 } }],
  ['cpu.weight', { cpu: { weight: 10_001 } }],
  ['cpu.weight', { cpu: { weight: 1.5 } }],
  ['cpu.weight', { cpu: { weight: 1, shares: 2 } }],
  ['cpu.shares', { cpu: { shares: 1 } }],
  ['cpuset.cpus', { cpuset: { cpus: '' } }],
  ['cpuset.cpus', { cpuset: { cpus: '3-1' } }],
  ['cpuset.mems', { cpuset: { mems: '0;1' } }],
  ['io.weight', { io: { weight: 10_001 } }],
  ['io.max', { io: { max: {} } }],
  ['io.max[0].device', { io: { max: [{ device: '/dev/sda', rbps: 1 }] } }],
  ['io.max[0].device', { io: { max: [{ device: '8:0 rbps=1\n8:1', rbps: 1 }] } }],
  ['io.max[0].device', { io: { max: [{ device: '4096:0', rbps: 1 }] } }],
  ['io.max[0].rbps', { io: { max: [{ device: '8:0', rbps: 0 }] } }],
  ['io.max[0]', { io: { max: [{ device: '8:0' }] } }],
  [
    'io.max[1].riops',
    {
      io: {
        max: [
          { device: '8:0', rbps: 1 },
          { device: '8:0', riops: '1k' },
        ],
      },
    },
  ],
  ['hugetlb.2M', { hugetlb: { '2M': 1 } }],
  ['raw["cgroup.procs"]', { raw: { 'cgroup.procs': '1' } }],
  ['raw["../memory.max"]', { raw: { '../memory.max': '1' } }],
  ['raw["memory.max"]', { raw: { 'memory.max': '' } }],
  ['raw["memory.max"]', { raw: { 'memory.max': '1\n2' } }],
]

t.test('a value a limit cannot have is refused with the limit’s place', async t => {
  for (const [where, limits] of refusals) {
    t.throws(
      () => normalLimits(limits as Limits),
      { code: 'ERR_TSBOX_SPEC', step: where },
      JSON.stringify(limits),
    )
  }
})

t.test('a size in no known form is refused with the limit’s place', async t => {
  for (const [where, limits] of [
    ['memory.max', { memory: { max: 'lots' } }],
    ['memory.swap', { memory: { swap: -1 } }],
    ['io.max[0].wbps', { io: { max: [{ device: '8:0', wbps: '1 M' }] } }],
    ['hugetlb.2MB', { hugetlb: { '2MB': '1.5' } }],
    ['cpu.quota', { cpu: { quota: '1 fortnight' } }],
  ] as const) {
    t.throws(() => normalLimits(limits), { code: 'ERR_TSBOX_SIZE', step: where }, where)
  }
})
