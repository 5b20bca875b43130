import fc from 'fast-check'
import { ACCESS, type DeviceRule } from '../../src/oci/device-rules.ts'

/** Something a process asks for: a device, and bits of access, at least one. */
export interface Request {
  readonly type: 'b' | 'c'
  readonly major: number
  readonly minor: number
  readonly access: number
}

/** What a list of rules means, said as plainly as can be: each wanted bit is decided by the last rule that speaks of it. */
export const meant = (rules: readonly DeviceRule[], { type, major, minor, access }: Request): boolean =>
  Object.values(ACCESS)
    .filter(bit => access & bit)
    .every(
      bit =>
        rules.findLast(
          rule =>
            (rule.type === 'a' || rule.type === type) &&
            (rule.major === '*' || rule.major === major) &&
            (rule.minor === '*' || rule.minor === minor) &&
            (rule.access & bit) !== 0,
        )?.allow ?? false,
    )

const few = (numbers: readonly number[]) => fc.oneof(fc.constant('*' as const), fc.constantFrom(...numbers))

/** Few numbers, so that rules meet. */
export const MAJORS = [60, 61]
export const MINORS = [0, 7]

export const anyRule: fc.Arbitrary<DeviceRule> = fc.record({
  allow: fc.boolean(),
  type: fc.constantFrom('a' as const, 'b' as const, 'c' as const),
  major: few(MAJORS),
  minor: few(MINORS),
  access: fc.integer({ min: 1, max: 7 }),
})

/** Every device of the few, and one that no rule names. */
export const REQUESTS: readonly Request[] = (['b', 'c'] as const).flatMap(type =>
  [...MAJORS, 62].flatMap(major =>
    [...MINORS, 9].flatMap(minor => [1, 2, 3, 4, 5, 6, 7].map(access => ({ type, major, minor, access }))),
  ),
)
