import type { SeccompCondition, SeccompOperator } from '@tsbox/sys'
import type { OciSeccompArg } from '../oci/seccomp.ts'
import { seccompError } from './seccomp-error.ts'

const OPERATORS: ReadonlyMap<string, SeccompOperator> = new Map([
  ['SCMP_CMP_NE', 'ne'],
  ['SCMP_CMP_LT', 'lt'],
  ['SCMP_CMP_LE', 'le'],
  ['SCMP_CMP_EQ', 'eq'],
  ['SCMP_CMP_GE', 'ge'],
  ['SCMP_CMP_GT', 'gt'],
  ['SCMP_CMP_MASKED_EQ', 'maskedEq'],
])

const LAST_ARGUMENT = 5
const TOO_LARGE = 2n ** 64n

/**
 * One condition of a configuration; `value` of SCMP_CMP_MASKED_EQ is the mask and `valueTwo` what is left under it.
 *
 * @param path where it stands below `linux.seccomp`
 * @throws TsboxError ERR_TSBOX_SPEC
 */
export const seccompCondition = (arg: OciSeccompArg, path: string): SeccompCondition => {
  const operator = OPERATORS.get(arg.op)
  if (operator === undefined) {
    const known = [...OPERATORS.keys()].join(', ')
    throw seccompError(
      `${path}.op`,
      `there is no operator ${JSON.stringify(arg.op)}`,
      `Give one of ${known}.`,
    )
  }
  if (!Number.isInteger(arg.index) || arg.index < 0 || arg.index > LAST_ARGUMENT)
    throw seccompError(`${path}.index`, `there is no argument ${arg.index}`, 'Arguments are 0 to 5.')
  return {
    index: arg.index,
    operator,
    value: unsigned(arg.value, `${path}.value`),
    masked: unsigned(arg.valueTwo ?? 0, `${path}.valueTwo`),
  }
}

const unsigned = (value: OciSeccompArg['value'], path: string): bigint => {
  const whole = typeof value === 'bigint' || Number.isInteger(value)
  const number = whole ? BigInt(value) : -1n
  if (number >= 0n && number < TOO_LARGE) return number
  throw seccompError(
    path,
    `${value} is no unsigned number of 64 bits`,
    'Give a whole number from 0 to 2^64 - 1.',
  )
}
