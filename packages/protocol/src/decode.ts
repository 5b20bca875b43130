import { PROTOCOL } from './limits.ts'
import { type Kind, OPS, type Op, type OpRow, type Plan } from './ops.ts'

/**
 * The plan in the bytes that `encode` made, for telling what a failed operation was. It trusts its input: the shim
 * has decoded the same bytes strictly before.
 *
 * @throws RangeError when the bytes are not a plan of this version
 */
export const decodePlan = (bytes: Buffer): Plan => {
  if (bytes.readUInt32LE(0) !== PROTOCOL.magic || bytes.readUInt16LE(4) !== PROTOCOL.version) {
    throw new RangeError('not a plan of this version')
  }
  const reader = { bytes, at: PROTOCOL.headerBytes }
  const chapter = (count: number) => Array.from({ length: count }, () => readOp(reader))
  return {
    outer: chapter(bytes.readUInt32LE(8)),
    inner: chapter(bytes.readUInt32LE(12)),
    teardown: chapter(bytes.readUInt32LE(16)),
  }
}

interface Reader {
  readonly bytes: Buffer
  at: number
}

const ROWS: ReadonlyMap<number, readonly [name: string, row: OpRow]> = new Map(
  Object.entries(OPS).map(([name, row]) => [row.code, [name, row]]),
)

const readOp = (reader: Reader): Op => {
  const code = reader.bytes.readUInt16LE(reader.at)
  reader.at += 8
  const [name, row] = ROWS.get(code) ?? []
  if (row === undefined) throw new RangeError(`unknown operation ${code}`)
  const fields = row.fields.map(([field, kind]) => [field, read[kind](reader)])
  return { op: name, ...Object.fromEntries(fields) } as Op
}

const u32 = (reader: Reader): number => {
  reader.at += 4
  return reader.bytes.readUInt32LE(reader.at - 4)
}

const bytes = (reader: Reader): Buffer => {
  const length = u32(reader)
  reader.at += length
  return reader.bytes.subarray(reader.at - length, reader.at)
}

/** Text that is not UTF-8 stays bytes. */
const text = (reader: Reader): string | Buffer => {
  const raw = bytes(reader).subarray(0, -1)
  const decoded = raw.toString('utf8')
  return Buffer.from(decoded).equals(raw) ? decoded : raw
}

const list = <T>(reader: Reader, item: (reader: Reader) => T): T[] =>
  Array.from({ length: u32(reader) }, () => item(reader))

const read: Record<Kind, (reader: Reader) => unknown> = {
  u32,
  slot: u32,
  u64: reader => {
    reader.at += 8
    return reader.bytes.readBigUInt64LE(reader.at - 8)
  },
  str: text,
  'str?': reader => {
    if (reader.bytes.readUInt32LE(reader.at) !== 0) return text(reader)
    reader.at += 4
    return null
  },
  strs: reader => list(reader, text),
  u32s: reader => list(reader, u32),
  bytes,
}
