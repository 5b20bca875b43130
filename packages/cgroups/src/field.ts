import { TsboxError } from '@tsbox/errors'
import { durationAt } from './duration.ts'

/** The error for a field whose value it cannot have. `where` is the field's path, such as `cpu.weight`. */
export const badField = (where: string, why: string, hint?: string): TsboxError =>
  new TsboxError('ERR_TSBOX_SPEC', `${where}: ${why}`, { step: where, hint })

/** An object with no other keys than `known`; anything else is a limit that would be silently ignored. */
export const closedObject = (value: unknown, where: string, known: readonly string[]): void => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badField(where, 'this is not an object')
  }
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      throw badField(
        where === 'limits' ? key : `${where}.${key}`,
        'there is no such limit',
        `known here: ${known.join(', ')}`,
      )
    }
  }
}

interface Range {
  readonly where: string
  readonly min: number
  readonly max: number
}

export const integerIn = (value: unknown, { where, min, max }: Range): number => {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  throw badField(
    where,
    `${JSON.stringify(value) ?? String(value)} is not a whole number from ${min} to ${max}`,
    'give one in that range, or leave the limit out',
  )
}

/** Whole microseconds: a number of them, or a text that names its unit. */
export const microsecondsIn = (value: unknown, range: Range): number => {
  if (typeof value !== 'string') return integerIn(value, range)
  if (/^\d+$/.test(value)) {
    throw badField(
      range.where,
      `"${value}" names no unit`,
      "write a number of microseconds, or a text like '50ms'",
    )
  }
  return integerIn(Math.round(durationAt(value, range.where) * 1000), range)
}

const LIST = /^\d{1,5}(?:-\d{1,5})?(?:,\d{1,5}(?:-\d{1,5})?)*$/

/** A list of numbers and ranges in the kernel's form ('0-3,6'), ranges ascending. */
export const numberList = (value: unknown, where: string): string => {
  const hint = "write it like '0', '0-3' or '0,2-3'"
  if (typeof value !== 'string' || value.length > 2048 || !LIST.test(value)) {
    throw badField(where, `${JSON.stringify(value) ?? String(value)} is not a list of numbers`, hint)
  }
  for (const part of value.split(',')) {
    const [low = 0, high = low] = part.split('-').map(Number)
    if (low > high) throw badField(where, `the range ${part} runs backwards`, hint)
  }
  return value
}

/** A limit, or none. */
export type Max = number | 'max'

/** `read` applied to a field that is given. */
export const given = <In, Out>(value: In | undefined, read: (value: In) => Out): Out | undefined =>
  value === undefined ? undefined : read(value)

/** 'max' as it is, anything else read. */
export const orMax =
  (read: (value: unknown) => number) =>
  (value: unknown): Max =>
    value === 'max' ? 'max' : read(value)
