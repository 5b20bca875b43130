/** Numbers both sides of the pipe hold to; the C header is generated from them. */
export const PROTOCOL = {
  /** "TSBX", little-endian. */
  magic: 0x58425354,
  version: 2,
  headerBytes: 24,
  /** A plan's operations in bytes, without the header. */
  maxBodyBytes: 1_500_000,
  maxOps: 4096,
  /** Strings in one list. */
  maxStrings: 16384,
  /** Slots; the shim keeps slot n at descriptor slotBase + n, so that a plan can name it below /proc/self/fd. */
  maxSlots: 640,
  slotBase: 32,
  /** Descriptors that the caller asked to preserve, in order. */
  preservedSlot: 512,
  /** "No slot": the host's own view. */
  noSlot: 0xffffffff,
  recordBytes: 32,
  /** Payload of one record, so that a record fits PIPE_BUF and is written whole. */
  maxPayloadBytes: 4064,
} as const

/** Bits of the header. */
export const PLAN_FLAGS = {
  /** Report every operation with its time. */
  trace: 1,
} as const

/** Bits of `supervise.flags`. */
export const SUPERVISE_FLAGS = {
  /** The control pipe is a lease: its end of file ends the box. */
  lease: 1,
  /** Standard input and output are terminals: relay a terminal of the box's own. */
  terminal: 2,
} as const

/** Values of `claim.reclaim`: what becomes of a run directory that is there and that nobody holds. */
export const CLAIM = {
  takeOver: 0,
  /** With the cgroups that bear its name. */
  takeOverGroups: 1,
  /** A container's lasts longer than who made it. */
  refuse: 2,
} as const

/** The path under which the shim can name what a slot holds. */
export const slotPath = (slot: number): string => `/proc/self/fd/${PROTOCOL.slotBase + slot}`
