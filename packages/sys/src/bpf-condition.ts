import { DATA, OP } from './bpf.ts'
import type { SeccompCondition } from './seccomp-rules.ts'

/** Where a comparison leads: to the next instruction, or to where the condition is known to hold or to fail. */
export type Outcome = 'next' | 'holds' | 'fails'

/** An instruction of a condition before its jumps are distances. */
export interface Step {
  readonly code: number
  readonly k: number
  readonly yes?: Outcome
  readonly no?: Outcome
}

/** The instructions that decide one condition. An argument has 64 bits and BPF compares 32, so it takes two halves. */
export const conditionSteps = (condition: SeccompCondition): readonly Step[] => {
  const { index, operator, value, masked = 0n } = condition
  switch (operator) {
    case 'eq':
      return underMask(index, ALL, value)
    case 'maskedEq':
      return underMask(index, value, masked & value)
    case 'ne':
      return [
        { code: OP.load, k: DATA.high(index) },
        { code: OP.ifEqual, k: high(value), yes: 'next', no: 'holds' },
        { code: OP.load, k: DATA.low(index) },
        { code: OP.ifEqual, k: low(value), yes: 'fails', no: 'holds' },
      ]
    case 'gt':
      return ordered(condition, OP.ifGreater, ['holds', 'fails'])
    case 'ge':
      return ordered(condition, OP.ifAtLeast, ['holds', 'fails'])
    case 'lt':
      return ordered(condition, OP.ifAtLeast, ['fails', 'holds'])
    case 'le':
      return ordered(condition, OP.ifGreater, ['fails', 'holds'])
  }
}

const ALL = 2n ** 64n - 1n
const high = (value: bigint): number => Number(BigInt.asUintN(64, value) >> 32n)
const low = (value: bigint): number => Number(BigInt.asUintN(32, value))

const underMask = (index: number, mask: bigint, wanted: bigint): readonly Step[] => {
  const halves = [
    { at: DATA.high(index), mask: high(mask), wanted: high(wanted) },
    { at: DATA.low(index), mask: low(mask), wanted: low(wanted) },
  ]
  return halves
    .filter(half => half.mask !== 0)
    .flatMap(half => [
      { code: OP.load, k: half.at },
      ...(half.mask === 0xffff_ffff ? [] : [{ code: OP.and, k: half.mask }]),
      { code: OP.ifEqual, k: half.wanted, yes: 'next', no: 'fails' },
    ])
}

/** The upper halves decide unless they are equal. */
const ordered = (
  { index, value }: SeccompCondition,
  lowTest: number,
  [above, below]: readonly [Outcome, Outcome],
): readonly Step[] => [
  { code: OP.load, k: DATA.high(index) },
  { code: OP.ifGreater, k: high(value), yes: above, no: 'next' },
  { code: OP.ifEqual, k: high(value), yes: 'next', no: below },
  { code: OP.load, k: DATA.low(index) },
  { code: lowTest, k: low(value), yes: above, no: below },
]
