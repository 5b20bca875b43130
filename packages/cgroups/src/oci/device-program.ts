import type { DeviceRule } from './device-rules.ts'
import { covers, type DevicePattern, deviceTable } from './device-table.ts'
import { badResource } from './wish.ts'

/** Operations of eBPF (kernel Documentation/bpf/standardization/instruction-set.rst), all on 32 bits. */
const OP = {
  load: 0x61,
  and: 0x54,
  shiftRight: 0x74,
  set: 0xb4,
  jumpIfNot: 0x56,
  jumpIfBits: 0x46,
  exit: 0x95,
} as const

interface Instruction {
  readonly op: number
  readonly to?: number
  readonly from?: number
  /** Bytes for a load; instructions to skip for a jump. */
  readonly offset?: number
  readonly value?: number
}

/** `struct bpf_cgroup_dev_ctx`: the type in the low half of the first word, the access in the high half. */
const CONTEXT = 1
const RESULT = 0
const TYPE = 2
const WANTED = 3
const MAJOR = 4
const MINOR = 5
/** BPF_DEVCG_DEV_CHAR; there is one other type, block devices. */
const TYPE_CHAR = 2

const PROLOGUE: readonly Instruction[] = [
  { op: OP.load, to: TYPE, from: CONTEXT, offset: 0 },
  { op: OP.load, to: WANTED, from: CONTEXT, offset: 0 },
  { op: OP.and, to: TYPE, value: 0xffff },
  { op: OP.shiftRight, to: WANTED, value: 16 },
  { op: OP.load, to: MAJOR, from: CONTEXT, offset: 4 },
  { op: OP.load, to: MINOR, from: CONTEXT, offset: 8 },
]

const give = (verdict: 0 | 1): readonly Instruction[] => [
  { op: OP.set, to: RESULT, value: verdict },
  { op: OP.exit },
]

/** Runs `body` when every condition holds, else goes on after it. A body ends the program. */
const when = (
  conditions: readonly (readonly [register: number, value: number])[],
  body: readonly Instruction[],
): readonly Instruction[] => [
  ...conditions.map(([register, value], index): Instruction => {
    const offset = conditions.length - index - 1 + body.length
    return { op: OP.jumpIfNot, to: register, value, offset }
  }),
  ...body,
]

/** Allowed unless anything is wanted that is not in `access`. */
const answer = (access: number): readonly Instruction[] => {
  if (access === 0) return give(0)
  const forbidden = ~access & 0xffff
  return [{ op: OP.jumpIfBits, to: WANTED, value: forbidden, offset: 2 }, ...give(1), ...give(0)]
}

const meet = (a: number | '*', b: number | '*'): boolean => a === '*' || b === '*' || a === b

/** Whether all devices of a pattern fall to one that says the same when it is left out. */
const isNeedless = (patterns: readonly DevicePattern[], index: number): boolean => {
  const own = patterns[index]!
  const next = patterns
    .slice(index + 1)
    .find(other => meet(own.major, other.major) && meet(own.minor, other.minor))
  return next !== undefined && covers(next, own) && next.access === own.access
}

const block = ({ major, minor, access }: DevicePattern): readonly Instruction[] => {
  const numbers = [
    [MAJOR, major],
    [MINOR, minor],
  ] as const
  const conditions = numbers.flatMap(([register, number]) =>
    number === '*' ? [] : [[register, number] as const],
  )
  return when(conditions, answer(access))
}

/** The blocks of one type; the last pattern is for every device, so nothing runs on from here. */
const blocks = (patterns: readonly DevicePattern[]): readonly Instruction[] =>
  patterns.filter((_, index) => !isNeedless(patterns, index)).flatMap(block)

const encoded = (instructions: readonly Instruction[]): Buffer => {
  const bytes = Buffer.alloc(instructions.length * 8)
  for (const [index, { op, to = 0, from = 0, offset = 0, value = 0 }] of instructions.entries()) {
    bytes.writeUInt8(op, index * 8)
    bytes.writeUInt8((from << 4) | to, index * 8 + 1)
    bytes.writeInt16LE(offset, index * 8 + 2)
    bytes.writeUInt32LE(value, index * 8 + 4)
  }
  return bytes
}

/** How far a jump reaches. */
const FARTHEST = 0x7fff

/**
 * A program of type BPF_PROG_TYPE_CGROUP_DEVICE for some rules: `struct bpf_insn`s, 8 bytes each, little-endian. The kernel runs it for
 * every device that is opened or made inside the group it is attached to; it returns 1 to allow and 0 to refuse. Needs Linux 5.1.
 *
 * @throws TsboxError ERR_TSBOX_SPEC for some thousand rules that cannot be told in fewer
 */
export const deviceProgram = (rules: readonly DeviceRule[]): Buffer => {
  const { b, c } = deviceTable(rules)
  const chars = blocks(c)
  if (chars.length > FARTHEST) {
    throw badResource('linux.resources.devices', 'there are more rules than a program can hold')
  }
  const onlyChars: Instruction = { op: OP.jumpIfNot, to: TYPE, value: TYPE_CHAR, offset: chars.length }
  return encoded([...PROLOGUE, onlyChars, ...chars, ...blocks(b)])
}
