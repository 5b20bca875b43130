import { badField, closedObject, given, integerIn, type Max, orMax } from './field.ts'
import type { IoLimits, IoMax } from './limits.ts'
import { sizeOrMaxAt } from './size.ts'

/** One device's limits: bytes and operations per second. */
export interface NormalIoMax {
  readonly device: string
  readonly rates: Readonly<Partial<Record<'rbps' | 'wbps' | 'riops' | 'wiops', Max>>>
}

export interface NormalIo {
  readonly weight: number | undefined
  readonly max: readonly NormalIoMax[]
}

const MOST_DEVICES = 256

const normalIoMax = (entry: IoMax, index: number): NormalIoMax => {
  const where = `io.max[${index}]`
  closedObject(entry, where, ['device', 'rbps', 'wbps', 'riops', 'wiops'])
  const [, major, minor] = /^(\d{1,4}):(\d{1,7})$/.exec(String(entry.device)) ?? []
  if (major === undefined || Number(major) > 4095 || Number(minor) > 1_048_575) {
    throw badField(
      `${where}.device`,
      `${JSON.stringify(entry.device)} is not a device`,
      "write 'major:minor', as lsblk shows it",
    )
  }
  const rates: Partial<Record<'rbps' | 'wbps' | 'riops' | 'wiops', Max>> = {}
  for (const key of ['rbps', 'wbps', 'riops', 'wiops'] as const) {
    const value = entry[key]
    if (value === undefined) continue
    const rate = key.endsWith('bps')
      ? sizeOrMaxAt(value, `${where}.${key}`)
      : orMax(count => integerIn(count, { where: `${where}.${key}`, min: 1, max: 4_294_967_294 }))(value)
    if (rate === 0)
      throw badField(
        `${where}.${key}`,
        'nothing at all cannot be a rate',
        "the least is 1; 'max' is no limit",
      )
    rates[key] = rate
  }
  if (Object.keys(rates).length === 0)
    throw badField(where, 'no rate is given', 'give rbps, wbps, riops or wiops')
  return { device: entry.device, rates }
}

export const normalIo = (io: IoLimits): NormalIo => {
  closedObject(io, 'io', ['weight', 'max'])
  const max = io.max ?? []
  if (!Array.isArray(max) || max.length > MOST_DEVICES)
    throw badField('io.max', `this is not a list of at most ${MOST_DEVICES}`)
  return {
    weight: given(io.weight, value => integerIn(value, { where: 'io.weight', min: 1, max: 10_000 })),
    max: max.map(normalIoMax),
  }
}
