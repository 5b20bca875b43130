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
  const body = new Writer()
  for (const op of allOps(plan)) writeOp(body, op)
  const bytes = body.bytes()
  const count = plan.outer.length + plan.inner.length + plan.teardown.length
  if (bytes.length > PROTOCOL.maxBodyBytes || count > PROTOCOL.maxOps) {
    throw new TsboxError(
      'ERR_TSBOX_SPEC',
      `the plan is too large: ${bytes.length} bytes, ${count} operations`,
      {
        hint: `The maximum is ${PROTOCOL.maxBodyBytes} bytes and ${PROTOCOL.maxOps} operations: shorten the arguments or the environment.`,
      },
    )
  }
  const header = Buffer.alloc(PROTOCOL.headerBytes)
  header.writeUInt32LE(PROTOCOL.magic, 0)
  header.writeUInt16LE(PROTOCOL.version, 4)
  header.writeUInt16LE(flags, 6)
  header.writeUInt32LE(plan.outer.length, 8)
  header.writeUInt32LE(plan.inner.length, 12)
  header.writeUInt32LE(plan.teardown.length, 16)
  header.writeUInt32LE(bytes.length, 20)
  return Buffer.concat([header, bytes])
}

const writeOp = (body: Writer, op: Op): void => {
  const row: OpRow = OPS[op.op]
  const start = body.startRecord(row.code)
  const values = op as unknown as Readonly<Record<string, unknown>>
  for (const [name, kind] of row.fields) {
    try {
      write[kind](body, values[name])
    } catch (cause) {
      throw new TsboxError(
        'ERR_TSBOX_SPEC',
        `${op.op}.${name} cannot be encoded: ${(cause as Error).message}`,
        {
          step: op.op,
          op,
          cause,
        },
      )
    }
  }
  body.endRecord(start)
}

const write: Record<Kind, (w: Writer, value: unknown) => void> = {
  u32: (w, value) => w.u32(value as number),
  slot: (w, value) => w.u32(value as number),
  u64: (w, value) => w.u64(value as bigint),
  str: (w, value) => w.str(value as string),
  'str?': (w, value) => (value === null ? w.u32(0) : w.str(value as string)),
  bytes: (w, value) => w.blob(value as string),
  strs: (w, value) => {
    const list = value as readonly string[]
    if (list.length > PROTOCOL.maxStrings) throw new RangeError(`more than ${PROTOCOL.maxStrings} strings`)
    w.u32(list.length)
    for (const item of list) w.str(item)
  },
  u32s: (w, value) => {
    const list = value as readonly number[]
    if (list.length > PROTOCOL.maxStrings) throw new RangeError(`more than ${PROTOCOL.maxStrings} numbers`)
    w.u32(list.length)
    for (const item of list) w.u32(item)
  },
}

class Writer {
  #buffer = Buffer.allocUnsafe(16384)
  #length = 0

  #room(bytes: number): number {
    const at = this.#length
    this.#length += bytes
    if (this.#length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#length, this.#buffer.length * 2))
      this.#buffer.copy(larger, 0, 0, at)
      this.#buffer = larger
    }
    return at
  }

  u32(value: number): void {
    const at = this.#room(4)
    this.#buffer.writeUInt32LE(value, at)
  }

  u64(value: bigint): void {
    const at = this.#room(8)
    this.#buffer.writeBigUInt64LE(value, at)
  }

  /** A string travels with its terminating NUL, so that C uses it where it lies. */
  str(value: string | Uint8Array): void {
    const bytes = typeof value === 'string' ? Buffer.byteLength(value) : value.length
    this.u32(bytes + 1)
    const at = this.#room(bytes + 1)
    this.#put(value, at)
    this.#buffer[at + bytes] = 0
    if (this.#buffer.indexOf(0, at) !== at + bytes) throw new RangeError('a NUL byte inside a string')
  }

  blob(value: string | Uint8Array): void {
    const bytes = typeof value === 'string' ? Buffer.byteLength(value) : value.length
    this.u32(bytes)
    this.#put(value, this.#room(bytes))
  }

  #put(value: string | Uint8Array, at: number): void {
    if (typeof value === 'string') this.#buffer.write(value, at)
    else this.#buffer.set(value, at)
  }

  startRecord(code: number): number {
    const at = this.#room(8)
    this.#buffer.writeUInt16LE(code, at)
    this.#buffer.writeUInt16LE(0, at + 2)
    return at
  }

  endRecord(at: number): void {
    this.#buffer.writeUInt32LE(this.#length - at - 8, at + 4)
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }
}
