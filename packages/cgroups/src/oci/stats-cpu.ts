import type { CgroupHost } from '../host.ts'
import type { ReadGroupFile } from '../snapshot.ts'
import { countOf, countsIn, times, unlessZero } from './count.ts'
import { controllerReader, treeReader } from './group-reader.ts'
import { pressureOf } from './pressure.ts'
import type { Int64 } from './resources.ts'
import type { OciCpuStats, OciCpusetStats } from './stats-types.ts'

/** cpuacct.stat counts in USER_HZ ticks, 100 a second on every architecture Node runs on (time(7)). */
const TICK_NS = 10_000_000
const MICROSECOND_NS = 1000

/** `cpuacct.usage_all`: a header line, then a line `processor user system` for each. */
const perProcessor = (text: string | undefined, column: 1 | 2): readonly Int64[] | undefined => {
  const lines = (text ?? '').trim().split('\n').slice(1)
  const counts = lines.flatMap(line => countOf(line.split(' ')[column]) ?? [])
  return counts.length > 0 ? counts : undefined
}

const sum = (counts: readonly Int64[] | undefined): Int64 | undefined =>
  counts === undefined
    ? undefined
    : countOf(String(counts.reduce<bigint>((total, count) => total + BigInt(count), 0n)))

const usageV1 = (read: (file: string) => string | undefined): OciCpuStats['usage'] => {
  const all = read('cpuacct.usage_all')
  const user = perProcessor(all, 1)
  const kernel = perProcessor(all, 2)
  const ticks = countsIn(read('cpuacct.stat'))
  const each = (read('cpuacct.usage_percpu') ?? '').trim().split(/\s+/)
  const percpu = each.flatMap(text => countOf(text) ?? [])
  return {
    total: unlessZero(countOf(read('cpuacct.usage'))),
    percpu: percpu.length > 0 ? percpu : undefined,
    percpu_kernel: kernel,
    percpu_user: user,
    kernel: sum(kernel) ?? times(ticks.system, TICK_NS) ?? 0,
    user: sum(user) ?? times(ticks.user, TICK_NS) ?? 0,
  }
}

const usageV2 = (stat: Readonly<Record<string, Int64>>): OciCpuStats['usage'] => ({
  total: unlessZero(times(stat.usage_usec, MICROSECOND_NS)),
  percpu: undefined,
  percpu_kernel: undefined,
  percpu_user: undefined,
  kernel: times(stat.system_usec, MICROSECOND_NS) ?? 0,
  user: times(stat.user_usec, MICROSECOND_NS) ?? 0,
})

/** Processor time, from v1's cpuacct where the group is in one. */
export const cpuStats = (host: CgroupHost, read: ReadGroupFile): OciCpuStats => {
  const tree = treeReader(host, read)
  const cpu = controllerReader(host, read, 'cpu')
  const stat = countsIn(cpu.read('cpu.stat'))
  const throttled = cpu.version === 1 ? stat.throttled_time : times(stat.throttled_usec, MICROSECOND_NS)
  const cpuacct = controllerReader(host, read, 'cpuacct')
  const counted = cpuacct.read('cpuacct.usage') !== undefined
  return {
    usage: counted ? usageV1(cpuacct.read) : usageV2(countsIn(tree('cpu.stat'))),
    throttling: {
      periods: unlessZero(stat.nr_periods),
      throttledPeriods: unlessZero(stat.nr_throttled),
      throttledTime: unlessZero(throttled),
    },
    psi: pressureOf(tree('cpu.pressure')),
  }
}

/** '0-2,4' as numbers. */
const listOf = (text: string | undefined): readonly number[] | undefined => {
  const trimmed = text?.trim() ?? ''
  if (trimmed === '') return undefined
  return trimmed.split(',').flatMap(part => {
    const [low = 0, high = low] = part.split('-').map(Number)
    return Array.from({ length: high - low + 1 }, (_, index) => low + index)
  })
}

/** The cpuset; v1 has flags beside it. */
export const cpusetStats = (host: CgroupHost, read: ReadGroupFile): OciCpusetStats => {
  const cpuset = controllerReader(host, read, 'cpuset')
  const flag = (name: string): Int64 => countOf(cpuset.read(`cpuset.${name}`)) ?? 0
  const level = cpuset.read('cpuset.sched_relax_domain_level')?.trim()
  return {
    cpus: listOf(cpuset.read('cpuset.cpus')),
    cpu_exclusive: flag('cpu_exclusive'),
    mems: listOf(cpuset.read('cpuset.mems')),
    mem_hardwall: flag('mem_hardwall'),
    mem_exclusive: flag('mem_exclusive'),
    memory_migrate: flag('memory_migrate'),
    memory_spread_page: flag('memory_spread_page'),
    memory_spread_slab: flag('memory_spread_slab'),
    memory_pressure: flag('memory_pressure'),
    sched_load_balance: flag('sched_load_balance'),
    sched_relax_domain_level: level === undefined ? 0 : Number(level),
  }
}
