import fc from 'fast-check'
import t from 'tap'
import { type OciCpu, resourceWrites } from '../../src/index.ts'
import { updated, v1, v2, written } from './hosts.ts'

t.test('shares are exact on v1 and a weight on v2', async t => {
  t.same(written(v1, { cpu: { shares: 512 } }), ['/cpu,cpuacct/cpu.shares = 512'])
  t.same(written(v2, { cpu: { shares: 1024 } }), ['/cpu.weight = 100'])
  t.same(written(v2, { cpu: { shares: 1_000_000 } }), ['/cpu.weight = 10000'])
  for (const shares of [1, 262_145]) {
    t.throws(() => resourceWrites(v1, { cpu: { shares } }), {
      code: 'ERR_TSBOX_SPEC',
      step: 'linux.resources.cpu.shares',
      message: /2 to 262144/,
    })
  }
})

t.test('v2 has one file for quota and period, and keeps what is not named', async t => {
  t.same(written(v2, { cpu: { quota: 50000 } }), ['/cpu.max = 50000'])
  t.same(written(v2, { cpu: { period: 50000 } }), ['/cpu.max = max 50000'])
  const files = { 'cpu.max': '20000 40000\n' }
  t.same(updated(v2, { cpu: { period: 80000 } }, files), ['/cpu.max = 20000 80000'])
  t.same(updated(v2, { cpu: { quota: 10000 } }, files), ['/cpu.max = 10000'])
  t.same(updated(v2, { cpu: { quota: -1 } }, files), ['/cpu.max = max'])
  t.same(updated(v2, { cpu: { quota: -1, period: 1000 } }, files), ['/cpu.max = max 1000'])
})

const V1_FILES = {
  'cpu.cfs_quota_us': '50000\n',
  'cpu.cfs_period_us': '100000\n',
  'cpu.cfs_burst_us': '5000\n',
}
const onV1 = (cpu: OciCpu) =>
  updated(v1, { cpu }, V1_FILES).map(line => line.replace(/.*cfs_(\w+)_us = /, '$1 '))

t.test('v1: quota and period change in the order that never gives more than before or after', async t => {
  t.same(onV1({ quota: 25000, period: 50000 }), ['quota 25000', 'period 50000'])
  t.same(onV1({ quota: 100000, period: 200000 }), ['period 200000', 'quota 100000'])
  t.same(onV1({ quota: -1, period: 200000 }), ['quota -1', 'period 200000'])
  const us = fc.integer({ min: 1, max: 1000 })
  fc.assert(
    fc.property(us, us, us, us, (quota, period, newQuota, newPeriod) => {
      const files = { 'cpu.cfs_quota_us': `${quota}`, 'cpu.cfs_period_us': `${period}` }
      const [first = ''] = updated(v1, { cpu: { quota: newQuota, period: newPeriod } }, files)
      const between = first.includes('quota') ? newQuota / period : quota / newPeriod
      t.ok(between <= Math.max(quota / period, newQuota / newPeriod) + 1e-9)
    }),
  )
})

t.test('a burst that shrinks goes before the quota, one that grows after', async t => {
  t.same(onV1({ quota: 2000, burst: 1000 }), ['burst 1000', 'quota 2000'])
  t.same(onV1({ quota: 90000, burst: 80000 }), ['quota 90000', 'burst 80000'])
  const files = { 'cpu.max': '20000 40000\n', 'cpu.max.burst': '9000\n' }
  t.same(updated(v2, { cpu: { quota: 5000, burst: 0 } }, files), ['/cpu.max.burst = 0', '/cpu.max = 5000'])
})

t.test('idleness ends before a weight is set, and begins after', async t => {
  t.same(written(v2, { cpu: { shares: 2, idle: 1 } }), ['/cpu.weight = 1', '/cpu.idle = 1'])
  t.same(updated(v1, { cpu: { shares: 2, idle: 0 } }, { 'cpu.idle': '1\n' }), [
    '/cpu,cpuacct/cpu.idle = 0',
    '/cpu,cpuacct/cpu.shares = 2',
  ])
  t.same(updated(v1, { cpu: { idle: 0 } }, {}), [], 'a kernel without idle groups has none to end')
})

t.test('realtime: the period first, which a new group has room for', async t => {
  t.same(written(v1, { cpu: { realtimePeriod: 1000000, realtimeRuntime: 950000 } }), [
    '/cpu,cpuacct/cpu.rt_period_us = 1000000',
    '/cpu,cpuacct/cpu.rt_runtime_us = 950000',
  ])
})
