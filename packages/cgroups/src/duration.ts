import { TsboxError } from '@tsbox/errors'

const FORMS = "write milliseconds (250), or a number with us, ms, s, m or h: '250ms', '1.5s', '1m'"
const DURATION = /^(\d{1,16}(?:\.\d{1,9})?)(us|ms|s|m|h)?$/
const MILLISECONDS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

const refuse = (value: unknown, where: string | undefined, why: string): TsboxError =>
  new TsboxError(
    'ERR_TSBOX_SIZE',
    `${where === undefined ? '' : `${where}: `}${JSON.stringify(value) ?? String(value)} is not a duration: ${why}`,
    { hint: FORMS, step: where },
  )

/** `parseDuration` for a named field: the error's message and `step` carry `where`. */
export const durationAt = (value: unknown, where: string | undefined): number => {
  if (typeof value !== 'number' && typeof value !== 'string') {
    throw refuse(value, where, 'neither number nor text')
  }
  const [, digits, unit = 'ms'] = typeof value === 'string' ? (DURATION.exec(value) ?? []) : []
  const ms =
    typeof value === 'number' ? value : Number(digits ?? Number.NaN) * (MILLISECONDS[unit] ?? Number.NaN)
  if (Number.isNaN(ms)) throw refuse(value, where, 'not in a known form')
  if (ms < 0) throw refuse(value, where, 'negative')
  if (ms > Number.MAX_SAFE_INTEGER) throw refuse(value, where, 'too long to be exact')
  return ms
}

/**
 * Milliseconds from a number of milliseconds or a text such as '250ms', '5s', '1m', '1h', '500us'.
 *
 * @param where the field it is for, for the error's message and `step`
 * @throws TsboxError ERR_TSBOX_SIZE when the value is negative, not a number, in another form, or above 2^53 - 1
 */
export const parseDuration = (value: number | string, where?: string): number => durationAt(value, where)
