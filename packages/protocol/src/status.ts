import { PROTOCOL } from './limits.ts'

/** Why the supervisor ended the box, beside its own exit. */
export const END_REASONS = ['exit', 'timeout', 'stopped', 'owner-lost'] as const
export type EndReason = (typeof END_REASONS)[number]

/** What the shim tells, one record each. Times are nanoseconds of CLOCK_MONOTONIC. */
export type StatusRecord =
  | { readonly kind: 'refused'; readonly errno: number; readonly index: number; readonly ns: bigint }
  | { readonly kind: 'done'; readonly code: number; readonly index: number; readonly ns: bigint }
  | {
      readonly kind: 'failed'
      readonly code: number
      readonly index: number
      readonly errno: number
      readonly ns: bigint
    }
  | { readonly kind: 'await'; readonly index: number; readonly ns: bigint }
  | { readonly kind: 'cloned'; readonly pid: number; readonly ns: bigint }
  | { readonly kind: 'started'; readonly pid: number; readonly ns: bigint }
  | {
      readonly kind: 'exited'
      readonly wait: number
      readonly reason: EndReason
      readonly signal: number
      readonly ns: bigint
    }
  | { readonly kind: 'counter'; readonly index: number; readonly data: Buffer; readonly ns: bigint }
  | { readonly kind: 'tornDown'; readonly ns: bigint }
  | {
      /** A program that was run beside the box failed: how it ended (wait(2)), or errno, and the first of what it said. */
      readonly kind: 'output'
      readonly index: number
      readonly wait: number
      readonly errno: number
      readonly data: Buffer
      readonly ns: bigint
    }
  /** Told by init to whoever hears it, and no further. */
  | { readonly kind: 'listener'; readonly ns: bigint }

/** Record kinds in wire order, numbered from 1. Append-only. */
export const RECORD_KINDS = [
  'refused',
  'done',
  'failed',
  'await',
  'cloned',
  'started',
  'exited',
  'counter',
  'tornDown',
  'output',
  'listener',
] as const satisfies readonly StatusRecord['kind'][]

/**
 * Decodes what has arrived so far.
 *
 * Record, 32 bytes: u16 kind, u16 op code, u32 op index, i32 value, i32 extra, u64 ns, u32 payload length, u32 zero;
 * then the payload.
 *
 * @returns the complete records and the bytes that are not one yet.
 */
export const decodeStatus = (bytes: Buffer): { readonly records: StatusRecord[]; readonly rest: Buffer } => {
  const records: StatusRecord[] = []
  let at = 0
  while (bytes.length - at >= PROTOCOL.recordBytes) {
    const length = bytes.readUInt32LE(at + 24)
    const end = at + PROTOCOL.recordBytes + length
    if (bytes.length < end) break
    records.push(decodeRecord(bytes.subarray(at, end)))
    at = end
  }
  return { records, rest: bytes.subarray(at) }
}

const decodeRecord = (bytes: Buffer): StatusRecord => {
  const kind = RECORD_KINDS[bytes.readUInt16LE(0) - 1]
  const code = bytes.readUInt16LE(2)
  const index = bytes.readUInt32LE(4)
  const value = bytes.readInt32LE(8)
  const extra = bytes.readInt32LE(12)
  const ns = bytes.readBigUInt64LE(16)
  switch (kind) {
    case 'refused':
      return { kind, errno: value, index, ns }
    case 'done':
      return { kind, code, index, ns }
    case 'failed':
      return { kind, code, index, errno: value, ns }
    case 'await':
      return { kind, index, ns }
    case 'cloned':
    case 'started':
      return { kind, pid: value, ns }
    case 'exited':
      return { kind, wait: value, reason: END_REASONS[extra & 0xff] ?? 'exit', signal: extra >> 8, ns }
    case 'counter':
      return { kind, index, data: Buffer.from(bytes.subarray(PROTOCOL.recordBytes)), ns }
    case 'output': {
      const data = Buffer.from(bytes.subarray(PROTOCOL.recordBytes))
      return { kind, index, wait: value, errno: extra, data, ns }
    }
    case 'tornDown':
    case 'listener':
      return { kind, ns }
    default:
      throw new RangeError(`unknown status record ${bytes.readUInt16LE(0)}`)
  }
}
