import type { Controller } from './host.ts'
import type { KnobWrite, KnobWrites } from './knob-write.ts'
import type { NormalLimits } from './normal.ts'
import { DEFAULT_PERIOD } from './normal-cpu.ts'
import { weightFromShares } from './weight.ts'

const row = (controller: Controller, knob: string, file: string, value: string | number): KnobWrite => ({
  controller,
  knob,
  file,
  value: String(value),
})

const cpu = ({
  quota,
  quotaKnob,
  period,
  burst,
  weight,
  shares,
}: NormalLimits['cpu']): readonly KnobWrite[] => {
  const rows: KnobWrite[] = []
  if (quota !== undefined || period !== undefined) {
    // One file holds both; a period without a quota means no quota, as in a new group.
    const knob = quota === undefined ? 'cpu.period' : quotaKnob
    rows.push(row('cpu', knob, 'cpu.max', `${quota ?? 'max'} ${period ?? DEFAULT_PERIOD}`))
  }
  if (burst !== undefined) rows.push(row('cpu', 'cpu.burst', 'cpu.max.burst', burst))
  if (weight !== undefined) rows.push(row('cpu', 'cpu.weight', 'cpu.weight', weight))
  if (shares !== undefined) rows.push(row('cpu', 'cpu.shares', 'cpu.weight', weightFromShares(shares)))
  return rows
}

const MEMORY_FILES = {
  low: 'memory.low',
  high: 'memory.high',
  max: 'memory.max',
  swap: 'memory.swap.max',
} as const

const memory = (limits: NormalLimits['memory']): readonly KnobWrite[] =>
  (['max', 'high', 'low', 'swap'] as const).flatMap(key => {
    const value = limits[key]
    return value === undefined ? [] : [row('memory', `memory.${key}`, MEMORY_FILES[key], value)]
  })

const io = ({ weight, max }: NormalLimits['io']): readonly KnobWrite[] => [
  ...(weight === undefined ? [] : [row('io', 'io.weight', 'io.weight', weight)]),
  ...max.map(({ device, rates }, index) => {
    const parts = Object.entries(rates).map(([key, rate]) => `${key}=${rate}`)
    return row('io', `io.max[${index}]`, 'io.max', `${device} ${parts.join(' ')}`)
  }),
]

/** What limits mean on v2. A controller without limits yields nothing. */
export const writesV2: KnobWrites = {
  cpuset: ({ cpuset }) =>
    (['cpus', 'mems'] as const).flatMap(key => {
      const value = cpuset[key]
      return value === undefined ? [] : [row('cpuset', `cpuset.${key}`, `cpuset.${key}`, value)]
    }),
  cpu: ({ cpu: limits }) => cpu(limits),
  memory: ({ memory: limits }) => memory(limits),
  io: ({ io: limits }) => io(limits),
  hugetlb: ({ hugetlb }) =>
    hugetlb.map(([size, max]) => row('hugetlb', `hugetlb.${size}`, `hugetlb.${size}.max`, max)),
  pids: ({ pidsMax }) => (pidsMax === undefined ? [] : [row('pids', 'pids.max', 'pids.max', pidsMax)]),
}
