import { TsboxError } from '@tsbox/errors'
import { badField } from './field.ts'
import type { KnobWrite, KnobWrites } from './knob-write.ts'
import type { NormalLimits } from './normal.ts'
import type { NormalIoMax } from './normal-io.ts'
import { bfqWeightFromIoWeight, sharesFromWeight } from './weight.ts'

/** v1 writes "no limit" as -1. */
const v1 = (value: number | 'max'): string => (value === 'max' ? '-1' : String(value))

const absentOnV1 = (knob: string, v2File: string): TsboxError =>
  new TsboxError(
    'ERR_TSBOX_CONTROLLER',
    `${knob} needs ${v2File}, which v1 of the memory controller does not have`,
    {
      hint: `leave out ${knob}, or use a host where the memory controller is on cgroup v2`,
      step: knob,
    },
  )

/** v1 limits memory and swap together (`memsw`), so its limit is the sum. */
const memswOf = ({ max, swap }: NormalLimits['memory']): string => {
  if (swap === 'max') return '-1'
  if (max === undefined) {
    throw badField('memory.swap', 'cgroup v1 limits memory and swap together, so memory.max is needed too')
  }
  return max === 'max' ? '-1' : String(max + (swap ?? 0))
}

/** Memory first, then memory and swap: a new group's sum is unlimited, and may never be below its memory. */
const memory = (limits: NormalLimits['memory']): readonly KnobWrite[] => {
  if (limits.high !== undefined) throw absentOnV1('memory.high', 'memory.high')
  const rows: KnobWrite[] = []
  const push = (knob: string, file: string, value: string) =>
    rows.push({ controller: 'memory', knob, file, value })
  if (limits.max !== undefined) push('memory.max', 'memory.limit_in_bytes', v1(limits.max))
  if (limits.swap !== undefined) push('memory.swap', 'memory.memsw.limit_in_bytes', memswOf(limits))
  if (limits.low !== undefined) push('memory.low', 'memory.soft_limit_in_bytes', v1(limits.low))
  return rows
}

/** The period first: a quota is checked against the period in force. The burst last: it may not exceed the quota. */
const cpu = (limits: NormalLimits['cpu']): readonly KnobWrite[] => {
  const { quota, quotaKnob, period, burst, weight, shares } = limits
  const rows: KnobWrite[] = []
  const push = (knob: string, file: string, value: string) =>
    rows.push({ controller: 'cpu', knob, file, value })
  if (period !== undefined) push('cpu.period', 'cpu.cfs_period_us', String(period))
  if (quota !== undefined) push(quotaKnob, 'cpu.cfs_quota_us', v1(quota))
  if (burst !== undefined) push('cpu.burst', 'cpu.cfs_burst_us', String(burst))
  if (shares !== undefined) push('cpu.shares', 'cpu.shares', String(shares))
  if (weight !== undefined) push('cpu.weight', 'cpu.shares', String(sharesFromWeight(weight)))
  return rows
}

const RATE_FILES = {
  rbps: 'blkio.throttle.read_bps_device',
  wbps: 'blkio.throttle.write_bps_device',
  riops: 'blkio.throttle.read_iops_device',
  wiops: 'blkio.throttle.write_iops_device',
} as const

/** The v1 throttle files lift a limit with 0. */
const throttles = ({ device, rates }: NormalIoMax, index: number): readonly KnobWrite[] =>
  (['rbps', 'wbps', 'riops', 'wiops'] as const).flatMap(key => {
    const rate = rates[key]
    if (rate === undefined) return []
    const value = `${device} ${rate === 'max' ? 0 : rate}`
    return [{ controller: 'io' as const, knob: `io.max[${index}].${key}`, file: RATE_FILES[key], value }]
  })

const io = (limits: NormalLimits['io']): readonly KnobWrite[] => {
  const rows = limits.max.flatMap(throttles)
  if (limits.weight === undefined) return rows
  const value = String(bfqWeightFromIoWeight(limits.weight))
  return [{ controller: 'io', knob: 'io.weight', file: 'blkio.bfq.weight', value }, ...rows]
}

/** What limits mean on v1. A controller without limits yields nothing. */
export const writesV1: KnobWrites = {
  cpuset: ({ cpuset }) =>
    (['cpus', 'mems'] as const).flatMap(key => {
      const value = cpuset[key]
      const name = `cpuset.${key}`
      return value === undefined ? [] : [{ controller: 'cpuset' as const, knob: name, file: name, value }]
    }),
  cpu: ({ cpu: limits }) => cpu(limits),
  memory: ({ memory: limits }) => memory(limits),
  io: ({ io: limits }) => io(limits),
  hugetlb: ({ hugetlb }) =>
    hugetlb.map(([size, max]) => ({
      controller: 'hugetlb' as const,
      knob: `hugetlb.${size}`,
      file: `hugetlb.${size}.limit_in_bytes`,
      value: v1(max),
    })),
  pids: ({ pidsMax }) =>
    pidsMax === undefined
      ? []
      : [{ controller: 'pids', knob: 'pids.max', file: 'pids.max', value: String(pidsMax) }],
}
