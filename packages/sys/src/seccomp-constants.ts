import type { SeccompAction, SeccompCondition, SeccompOperator } from './seccomp-rules.ts'

/** Attributes of a filter (seccomp_attr_set(3)). Those of seccomp_load(3) are left out: nothing is loaded here. */
export const ATTRIBUTES = { badArch: 2, optimize: 8, systemErrors: 9 } as const

/** The numbers of `enum scmp_compare` (seccomp_rule_add(3)). */
const OPERATORS: Readonly<Record<SeccompOperator, number>> = {
  ne: 1,
  lt: 2,
  le: 3,
  eq: 4,
  ge: 5,
  gt: 6,
  maskedEq: 7,
}

/** SECCOMP_RET_* of linux/seccomp.h; the low 16 bits are the value. */
const RETURNS: Readonly<Record<SeccompAction['kind'], number>> = {
  killProcess: 0x8000_0000,
  killThread: 0x0000_0000,
  trap: 0x0003_0000,
  errno: 0x0005_0000,
  notify: 0x7fc0_0000,
  trace: 0x7ff0_0000,
  log: 0x7ffc_0000,
  allow: 0x7fff_0000,
}

/** An action as the number a filter returns. */
export const actionWord = (action: SeccompAction): number =>
  RETURNS[action.kind] + ('value' in action ? action.value : 0)

/** Size of `struct scmp_arg_cmp`: unsigned argument, enum operator, two uint64_t. */
const CONDITION_SIZE = 24

/** Conditions as the array of `struct scmp_arg_cmp` that seccomp_rule_add_array(3) reads. */
export const conditionBytes = (conditions: readonly SeccompCondition[]): Buffer => {
  const bytes = Buffer.alloc(conditions.length * CONDITION_SIZE)
  conditions.forEach(({ index, operator, value, masked = 0n }, i) => {
    const at = i * CONDITION_SIZE
    bytes.writeUInt32LE(index, at)
    bytes.writeUInt32LE(OPERATORS[operator], at + 4)
    bytes.writeBigUInt64LE(BigInt.asUintN(64, value), at + 8)
    bytes.writeBigUInt64LE(BigInt.asUintN(64, masked), at + 16)
  })
  return bytes
}
