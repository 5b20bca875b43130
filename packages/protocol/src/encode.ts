import { TsboxError } from '@tsbox/errors'
import { PROTOCOL } from './limits.ts'
import { allOps, type Kind, OPS, type Op, type OpRow, type Plan } from './ops.ts'

/**
 * The bytes of a plan, as the shim reads them.
 *
 * Header, 24 bytes: u32 magic, u16 version, u16 flags, u32 outer, inner and teardown counts, u32 body length.
 * Record: u16 code, u16 zero, u32 payload length, payload. Little-endian, no padding.
 *
 * @throws TsboxError ERR_TSBOX_SPEC when a value does not fit (a NUL byte in a string, a plan over the maximum).
 */
export const encode = (plan: Plan, flags = 0): Buffer => {
  const ops = allOps(plan)
  // One character for each byte until the end: strings are what a program that has just started joins fastest.
  const body = ops.map(record).join('')
  if (body.length > PROTOCOL.maxBodyBytes || ops.length > PROTOCOL.maxOps) {
    throw new TsboxError(
      'ERR_TSBOX_SPEC',
      `the plan is too large: ${body.length} bytes, ${ops.length} operations`,
      {
        hint: `The maximum is ${PROTOCOL.maxBodyBytes} bytes and ${PROTOCOL.maxOps} operations: shorten the arguments or the environment.`,
      },
    )
  }
  const header =
    u32(PROTOCOL.magic) +
    u32(PROTOCOL.version | (flags << 16)) +
    u32(plan.outer.length) +
    u32(plan.inner.length) +
    u32(plan.teardown.length) +
    u32(body.length)
  return Buffer.from(header + body, 'latin1')
}

const record = (op: Op): string => {
  const row: OpRow = OPS[op.op]
  const values = op as unknown as Readonly<Record<string, unknown>>
  let payload = ''
  for (const [name, kind] of row.fields) {
    try {
      payload += write[kind](values[name])
    } catch (cause) {
      throw new TsboxError(
        'ERR_TSBOX_SPEC',
        `${op.op}.${name} cannot be encoded: ${(cause as Error).message}`,
        {
          step: op.op,
          op,
          hint: 'What is too long or too much for a plan can go in a file, or through standard input.',
          cause,
        },
      )
    }
  }
  return u32(row.code) + u32(payload.length) + payload
}

/** Nearly every number of a plan is a small one: a slot, a flag, a length. */
const SMALL = Array.from({ length: 256 }, (_, n) => `${String.fromCharCode(n)}\0\0\0`)

const u32 = (value: unknown): string => {
  const n = value as number
  const small = typeof value === 'number' ? SMALL[value] : undefined
  if (small !== undefined) return small
  if (n >>> 0 !== n) throw new RangeError(`${String(value)} is not a whole number of 32 bits`)
  return String.fromCharCode(n & 0xff, (n >>> 8) & 0xff, (n >>> 16) & 0xff, n >>> 24)
}

const u64 = (value: unknown): string => {
  const n = value as bigint
  if (BigInt.asUintN(64, n) !== n) throw new RangeError(`${String(value)} is not a whole number of 64 bits`)
  return u32(Number(n & 0xffff_ffffn)) + u32(Number(n >> 32n))
}

/** Most strings of a plan are ASCII, which is its own bytes; the rest goes through UTF-8. */
const bytesOf = (value: unknown): string => {
  if (typeof value !== 'string') return Buffer.from(value as Uint8Array).toString('latin1')
  return Buffer.byteLength(value) === value.length ? value : Buffer.from(value).toString('latin1')
}

/** A string travels with its terminating NUL, so that C uses it where it lies. */
const str = (value: unknown): string => {
  const bytes = bytesOf(value)
  if (bytes.includes('\0')) throw new RangeError('a NUL byte inside a string')
  return `${u32(bytes.length + 1)}${bytes}\0`
}

const list = (value: unknown, item: (value: unknown) => string): string => {
  const items = value as readonly unknown[]
  if (items.length > PROTOCOL.maxStrings) throw new RangeError(`more than ${PROTOCOL.maxStrings} items`)
  return u32(items.length) + items.map(item).join('')
}

const write: Record<Kind, (value: unknown) => string> = {
  u32,
  slot: u32,
  u64,
  str,
  'str?': value => (value === null ? u32(0) : str(value)),
  bytes: value => {
    const bytes = bytesOf(value)
    return u32(bytes.length) + bytes
  },
  strs: value => list(value, str),
  u32s: value => list(value, u32),
}
