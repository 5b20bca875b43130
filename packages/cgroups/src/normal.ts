import { badField, closedObject, given, integerIn, type Max, numberList, orMax } from './field.ts'
import type { Limits, MemoryLimits } from './limits.ts'
import { type NormalCpu, normalCpu } from './normal-cpu.ts'
import { type NormalIo, normalIo } from './normal-io.ts'
import { normalRaw } from './normal-raw.ts'
import { sizeOrMaxAt } from './size.ts'

/** Limits checked and brought to the kernel's units: bytes, microseconds, counts. */
export interface NormalLimits {
  readonly pidsMax: Max | undefined
  readonly memory: Readonly<Record<'max' | 'high' | 'low' | 'swap', Max | undefined>>
  readonly cpu: NormalCpu
  readonly cpuset: { readonly cpus: string | undefined; readonly mems: string | undefined }
  readonly io: NormalIo
  readonly hugetlb: readonly (readonly [size: string, max: Max])[]
  readonly raw: readonly (readonly [file: string, value: string])[]
}

/** PID_MAX_LIMIT on 64-bit kernels. */
const MOST_PIDS = 4_194_304
const MOST_FILES = 256

const normalMemory = (memory: MemoryLimits): NormalLimits['memory'] => {
  closedObject(memory, 'memory', ['max', 'high', 'low', 'swap'])
  const size = (key: 'max' | 'high' | 'low' | 'swap') =>
    given(memory[key], value => sizeOrMaxAt(value, `memory.${key}`))
  return { max: size('max'), high: size('high'), low: size('low'), swap: size('swap') }
}

const normalHugetlb = (hugetlb: NonNullable<Limits['hugetlb']>): NormalLimits['hugetlb'] =>
  Object.entries(hugetlb).map(([size, max]) => {
    if (!/^[1-9]\d{0,3}(?:KB|MB|GB)$/.test(size)) {
      throw badField(
        `hugetlb.${size}`,
        'this is not a huge page size',
        "write it as the kernel does: '2MB', '1GB'",
      )
    }
    return [size, sizeOrMaxAt(max, `hugetlb.${size}`)] as const
  })

const bounded = (value: unknown, where: string): void => {
  if (typeof value !== 'object' || value === null || Object.keys(value).length > MOST_FILES) {
    throw badField(where, `this is not an object of at most ${MOST_FILES} fields`)
  }
}

/**
 * Limits checked, in the kernel's units.
 *
 * @throws TsboxError ERR_TSBOX_SPEC, or ERR_TSBOX_SIZE for a size or time not in a known form; `step` is the field's path
 */
export const normalLimits = (limits: Limits): NormalLimits => {
  closedObject(limits, 'limits', ['pids', 'memory', 'cpu', 'cpuset', 'io', 'hugetlb', 'raw'])
  const { pids = {}, memory = {}, cpu = {}, cpuset = {}, io = {}, hugetlb = {}, raw = {} } = limits
  closedObject(pids, 'pids', ['max'])
  closedObject(cpuset, 'cpuset', ['cpus', 'mems'])
  bounded(hugetlb, 'hugetlb')
  bounded(raw, 'raw')
  return {
    pidsMax: given(
      pids.max,
      orMax(value => integerIn(value, { where: 'pids.max', min: 1, max: MOST_PIDS })),
    ),
    memory: normalMemory(memory),
    cpu: normalCpu(cpu),
    cpuset: {
      cpus: given(cpuset.cpus, value => numberList(value, 'cpuset.cpus')),
      mems: given(cpuset.mems, value => numberList(value, 'cpuset.mems')),
    },
    io: normalIo(io),
    hugetlb: normalHugetlb(hugetlb),
    raw: normalRaw(raw),
  }
}
