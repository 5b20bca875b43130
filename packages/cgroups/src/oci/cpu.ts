import { weightFromShares } from '../weight.ts'
import type { OciCpu } from './resources.ts'
import { badResource, notNegative, type Place, setting, type Wish, type Wishes, wholeNumber } from './wish.ts'

const KNOB = 'linux.resources.cpu'

const periodOf = (cpu: OciCpu): bigint | undefined => {
  const knob = `${KNOB}.period`
  const period = setting(cpu.period, knob)
  return period === undefined ? undefined : notNegative(period, knob)
}

const now = ({ read }: Place, file: string): number | undefined => {
  const text = read?.(file)?.trim()
  return text === undefined || !/^-?\d+$/.test(text) ? undefined : Number(text)
}

/** v1 has a file for each; the kernel checks either against the other as it is at that moment. */
const bandwidthV1 = (cpu: OciCpu, place: Place): readonly Wish[] => {
  const quota = setting(cpu.quota, `${KNOB}.quota`)
  const period = periodOf(cpu)
  const wishes: Wish[] = []
  if (period !== undefined) {
    wishes.push({ knob: `${KNOB}.period`, file: 'cpu.cfs_period_us', value: String(period) })
  }
  if (quota !== undefined) {
    const value = quota < 0n ? '-1' : String(quota)
    wishes.push({ knob: `${KNOB}.quota`, file: 'cpu.cfs_quota_us', value, lifts: quota < 0n })
  }
  return quotaFirst({ quota, period, place }) ? wishes.toReversed() : wishes
}

interface Bandwidth {
  readonly quota: bigint | undefined
  readonly period: bigint | undefined
  readonly place: Place
}

/**
 * Between the two writes a live group has one new and one old value, and may not get a greater share then than the groups above
 * have: the order with the smaller share is the one that both ends allow.
 */
const quotaFirst = ({ quota, period, place }: Bandwidth): boolean => {
  const oldQuota = now(place, 'cpu.cfs_quota_us')
  const oldPeriod = now(place, 'cpu.cfs_period_us')
  if (quota === undefined || period === undefined || oldQuota === undefined || oldPeriod === undefined)
    return false
  // No quota at all is never too much: it stands for what the groups above have.
  const share = (us: number, per: number) => (us < 0 ? 0 : us / per)
  return share(Number(quota), oldPeriod) < share(oldQuota, Number(period))
}

/** v2 has one file: a number alone leaves the period as it is, a period cannot go without a number. */
const bandwidthV2 = (cpu: OciCpu, { read }: Place): readonly Wish[] => {
  const quota = setting(cpu.quota, `${KNOB}.quota`)
  const period = periodOf(cpu)
  if (quota === undefined && period === undefined) return []
  const oldQuota = read?.('cpu.max')?.split(' ')[0] ?? 'max'
  const amount = quota === undefined ? oldQuota : quota < 0n ? 'max' : String(quota)
  return [
    {
      knob: `${KNOB}.${quota === undefined ? 'period' : 'quota'}`,
      file: 'cpu.max',
      value: period === undefined ? amount : `${amount} ${period}`,
      lifts: period === undefined && amount === 'max',
    },
  ]
}

const burst = (cpu: OciCpu, { version }: Place): readonly Wish[] => {
  if (cpu.burst === undefined) return []
  const knob = `${KNOB}.burst`
  const value = notNegative(wholeNumber(cpu.burst, knob), knob)
  const quota = setting(cpu.quota, `${KNOB}.quota`) ?? -1n
  if (quota > 0n && value > quota) throw badResource(knob, `${value} is more than the quota, ${quota}`)
  const file = version === 1 ? 'cpu.cfs_burst_us' : 'cpu.max.burst'
  return [{ knob, file, value: String(value), lifts: value === 0n }]
}

/** A burst may never exceed the quota: one that shrinks goes before it, one that grows after. */
const bandwidth: Wishes<OciCpu> = (cpu, place) => {
  const quota = place.version === 1 ? bandwidthV1(cpu, place) : bandwidthV2(cpu, place)
  const extra = burst(cpu, place)
  const before = extra.some(({ file, value }) => Number(value) < (now(place, file ?? '') ?? 0))
  return before ? [...extra, ...quota] : [...quota, ...extra]
}

const shares = (cpu: OciCpu, { version }: Place): readonly Wish[] => {
  const knob = `${KNOB}.shares`
  const value = setting(cpu.shares, knob)
  if (value === undefined) return []
  if (version === 2) {
    const weight = weightFromShares(Number(notNegative(value, knob)))
    return [{ knob, file: 'cpu.weight', value: String(weight) }]
  }
  // The kernel would quietly take the nearest it allows.
  if (value < 2n || value > 262_144n) throw badResource(knob, `${value} is not a number from 2 to 262144`)
  return [{ knob, file: 'cpu.shares', value: String(value) }]
}

/** An idle group has no weight of its own: idleness ends before a weight is set, and begins after. */
const weight: Wishes<OciCpu> = (cpu, place) => {
  if (cpu.idle === undefined) return shares(cpu, place)
  const knob = `${KNOB}.idle`
  const idle = wholeNumber(cpu.idle, knob)
  if (idle !== 0n && idle !== 1n) throw badResource(knob, `${idle} is neither 0 nor 1`)
  const wish: Wish = { knob, file: 'cpu.idle', value: String(idle), lifts: idle === 0n }
  return idle === 0n ? [wish, ...shares(cpu, place)] : [...shares(cpu, place), wish]
}

/** v2 has no realtime group scheduling. */
const realtime: Wishes<OciCpu> = (cpu, { version }) =>
  (
    [
      ['realtimePeriod', 'cpu.rt_period_us'],
      ['realtimeRuntime', 'cpu.rt_runtime_us'],
    ] as const
  ).flatMap(([field, file]) => {
    const knob = `${KNOB}.${field}`
    const value = setting(cpu[field], knob)
    if (value === undefined) return []
    return [{ knob, file: version === 1 ? file : undefined, value: String(value) }]
  })

/** `linux.resources.cpu` without the cpuset: times are microseconds. */
export const cpuWishes: Wishes<OciCpu> = (cpu, place) => [
  ...bandwidth(cpu, place),
  ...weight(cpu, place),
  ...realtime(cpu, place),
]

/** Lists of processors and memory nodes; an empty text leaves them as they are. */
export const cpusetWishes: Wishes<OciCpu> = cpu =>
  (['cpus', 'mems'] as const).flatMap(field => {
    const value = cpu[field] ?? ''
    return value === '' ? [] : [{ knob: `${KNOB}.${field}`, file: `cpuset.${field}`, value }]
  })
