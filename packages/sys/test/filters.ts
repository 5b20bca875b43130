import fc from 'fast-check'
import { AUDIT_ARCH, type Call, verdict } from '../../../test/helpers/bpf.ts'
import { NATIVE_ABI } from '../../../test/helpers/filter-probe.ts'
import { callNumber } from '../../../test/helpers/syscall-numbers.ts'
import type { SeccompAction, SeccompCondition, SeccompRule, SeccompRules } from '../src/index.ts'

/** The machine's own architecture, in the kernel's word. */
export const OWN_ARCH = AUDIT_ARCH[NATIVE_ABI === 'aarch64' ? 'aarch64' : 'x86_64']

/** A call that does nothing and looks at no argument: what a filter answers to it is all there is to see. */
export const HARMLESS = 'getpid'
export const HARMLESS_NUMBER = callNumber(NATIVE_ABI, HARMLESS)

/** A filter that lets everything through but for the given rules. */
export const filterWith = (
  rules: readonly SeccompRule[],
  more: Partial<SeccompRules> = {},
): SeccompRules => ({
  defaultAction: { kind: 'allow' },
  foreignAction: { kind: 'killProcess' },
  architectures: [],
  newerUnknown: false,
  rules,
  ...more,
})

export const rule = (
  action: SeccompAction,
  name: string,
  conditions: readonly SeccompCondition[] = [],
): SeccompRule => ({ action, name, conditions })

/** What a program answers on this machine to the harmless call with these arguments. */
export const answerTo = (program: Buffer, ...args: bigint[]): string =>
  verdict(program, { arch: OWN_ARCH, nr: HARMLESS_NUMBER, args } satisfies Call)

/** What one condition means. */
export const isMet = ({ operator, value, masked = 0n }: SeccompCondition, arg: bigint): boolean => {
  switch (operator) {
    case 'ne':
      return arg !== value
    case 'lt':
      return arg < value
    case 'le':
      return arg <= value
    case 'eq':
      return arg === value
    case 'ge':
      return arg >= value
    case 'gt':
      return arg > value
    case 'maskedEq':
      return (arg & value) === (masked & value)
  }
}

const edge = fc.oneof(
  fc.bigInt(0n, 8n),
  fc.bigInt(0n, 2n ** 64n - 1n),
  fc.constantFrom(2n ** 31n, 2n ** 32n, 2n ** 32n + 3n),
)

const condition = fc.record({
  index: fc.nat(5),
  operator: fc.constantFrom(...(['ne', 'lt', 'le', 'eq', 'ge', 'gt', 'maskedEq'] as const)),
  value: edge,
  masked: edge,
})

/** One to three conditions, on different arguments. */
export const anyConditions = fc.uniqueArray(condition, {
  selector: ({ index }) => index,
  minLength: 1,
  maxLength: 3,
})

/** Six arguments, often such that conditions just hold or just fail. */
export const anyArguments = fc.array(edge, { minLength: 6, maxLength: 6 })
