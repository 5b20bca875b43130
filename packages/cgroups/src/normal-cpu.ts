import { badField, closedObject, given, integerIn, type Max, microsecondsIn, orMax } from './field.ts'
import type { CpuLimits } from './limits.ts'

/** Processor limits; times in microseconds. */
export interface NormalCpu {
  readonly quota: Max | undefined
  /** The field the quota was given in. */
  readonly quotaKnob: 'cpu.max' | 'cpu.quota'
  readonly period: number | undefined
  readonly burst: number | undefined
  readonly weight: number | undefined
  readonly shares: number | undefined
}

/** The period of a new group, in microseconds. */
export const DEFAULT_PERIOD = 100_000
/** Below the kernel's own bound (2^44 - 1), and far beyond a year. */
const MOST_MICROSECONDS = 2 ** 43

const quotaOf = (cpu: CpuLimits, period: number | undefined): Max | undefined => {
  if (cpu.max !== undefined && cpu.quota !== undefined) {
    throw badField('cpu.max', 'cpu.quota is given too, and both say the same thing', 'keep one of them')
  }
  if (cpu.max === undefined) {
    return given(
      cpu.quota,
      orMax(value => microsecondsIn(value, { where: 'cpu.quota', min: 1000, max: MOST_MICROSECONDS })),
    )
  }
  if (cpu.max === 'max') return 'max'
  const quota = Math.round(Number(cpu.max) * (period ?? DEFAULT_PERIOD))
  if (typeof cpu.max === 'number' && quota >= 1000 && quota <= MOST_MICROSECONDS) return quota
  throw badField(
    'cpu.max',
    `${JSON.stringify(cpu.max)} is not a usable number of processors`,
    'the least is 1 ms in each period: 0.01 at the ordinary 100 ms',
  )
}

export const normalCpu = (cpu: CpuLimits): NormalCpu => {
  closedObject(cpu, 'cpu', ['max', 'quota', 'period', 'burst', 'weight', 'shares'])
  if (cpu.weight !== undefined && cpu.shares !== undefined) {
    throw badField('cpu.weight', 'cpu.shares is given too, and both say the same thing', 'keep one of them')
  }
  const period = given(cpu.period, value =>
    microsecondsIn(value, { where: 'cpu.period', min: 1000, max: 1_000_000 }),
  )
  const quota = quotaOf(cpu, period)
  const burst = given(cpu.burst, value =>
    microsecondsIn(value, { where: 'cpu.burst', min: 0, max: MOST_MICROSECONDS }),
  )
  if (burst !== undefined && typeof quota === 'number' && burst > quota) {
    throw badField('cpu.burst', `${burst} µs is more than the quota of ${quota} µs`)
  }
  return {
    quota,
    quotaKnob: cpu.max === undefined ? 'cpu.quota' : 'cpu.max',
    // A number of processors means a quota in a known period, whatever an earlier limit left there.
    period: period ?? (typeof cpu.max === 'number' ? DEFAULT_PERIOD : undefined),
    burst,
    weight: given(cpu.weight, value => integerIn(value, { where: 'cpu.weight', min: 1, max: 10_000 })),
    shares: given(cpu.shares, value => integerIn(value, { where: 'cpu.shares', min: 2, max: 262_144 })),
  }
}
