import { TsboxError } from '@tsbox/errors'

const FORMS = "write bytes (67108864), or a number with Ki, Mi, Gi, Ti or k, m, g, t: '64Mi', '1.5G', '512k'"
const SIZE = /^(\d{1,16})(?:\.(\d{1,9}))?(?:([kmgt])i?)?b?$/i
const FACTOR: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }

const refuse = (value: unknown, where: string | undefined, why: string): TsboxError =>
  new TsboxError(
    'ERR_TSBOX_SIZE',
    `${where === undefined ? '' : `${where}: `}${JSON.stringify(value) ?? String(value)} is not a size: ${why}`,
    { hint: FORMS, step: where },
  )

const bytesOf = (text: string): number | undefined => {
  const [, whole = '', fraction, unit] = SIZE.exec(text) ?? []
  if (whole === '') return undefined
  if (fraction !== undefined && unit === undefined) return undefined
  return Math.floor(Number(`${whole}.${fraction ?? '0'}`) * (FACTOR[unit?.toLowerCase() ?? ''] ?? 1))
}

/** `parseSize` for a named field: the error's message and `step` carry `where`. */
export const sizeAt = (value: unknown, where: string | undefined): number => {
  if (typeof value !== 'number' && typeof value !== 'string')
    throw refuse(value, where, 'neither number nor text')
  const bytes = typeof value === 'number' ? value : bytesOf(value)
  if (bytes === undefined || Number.isNaN(bytes)) throw refuse(value, where, 'not in a known form')
  if (bytes < 0) throw refuse(value, where, 'negative')
  if (bytes > Number.MAX_SAFE_INTEGER) throw refuse(value, where, 'too large to be exact')
  if (!Number.isInteger(bytes)) throw refuse(value, where, 'not a whole number of bytes')
  return bytes
}

/** `sizeAt` where no limit at all is a choice too: 'max' stays 'max'. */
export const sizeOrMaxAt = (value: unknown, where: string | undefined): number | 'max' =>
  value === 'max' ? 'max' : sizeAt(value, where)

/**
 * Bytes from a number of bytes or a text such as '64Mi', '1.5G', '512k'.
 *
 * Every suffix is a power of 1024, with or without the i (`64M` is `64Mi`), in either case, and may be followed
 * by `B`: the reading container engines give these texts. A fraction of a byte is dropped.
 *
 * @param where the field it is for, for the error's message and `step`
 * @throws TsboxError ERR_TSBOX_SIZE when the value is negative, not a number, in another form, or above 2^53 - 1
 */
export const parseSize = (value: number | string, where?: string): number => sizeAt(value, where)

/** `parseSize`, with 'max' (no limit) let through as it is. */
export const parseSizeOrMax = (value: number | string): number | 'max' => sizeOrMaxAt(value, undefined)
