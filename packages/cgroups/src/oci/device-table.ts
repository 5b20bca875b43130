import type { DeviceRule } from './device-rules.ts'

/** Devices of one type by number, and the bits of access they give. `*` is every number. */
export interface DevicePattern {
  readonly major: number | '*'
  readonly minor: number | '*'
  readonly access: number
}

/** For each type, patterns that say what a list of rules comes to. */
export type DeviceTable = Readonly<Record<'b' | 'c', readonly DevicePattern[]>>

type Numbers = Pick<DevicePattern, 'major' | 'minor'>

/** Whether every device of `inner` is one of `outer`. */
export const covers = (outer: Numbers, inner: Numbers): boolean =>
  (outer.major === '*' || outer.major === inner.major) && (outer.minor === '*' || outer.minor === inner.minor)

const keyOf = ({ major, minor }: Numbers): string => `${major}:${minor}`

/**
 * The patterns of some rules, `*:*`, and where `1:*` and `*:3` meet also `1:3`. Any device then has one pattern that is more exact
 * than all others it matches, and the rules say the same of it as of that pattern.
 */
const patternsOf = (rules: readonly DeviceRule[]): readonly Numbers[] => {
  const found = new Map<string, Numbers>()
  const add = (numbers: Numbers) => found.set(keyOf(numbers), numbers)
  add({ major: '*', minor: '*' })
  for (const { major, minor } of rules) add({ major, minor })
  const known = [...found.values()]
  for (const { major } of known.filter(one => one.major !== '*' && one.minor === '*')) {
    for (const { minor } of known.filter(one => one.major === '*' && one.minor !== '*')) add({ major, minor })
  }
  return [...found.values()]
}

const order = (number: number | '*'): number => (number === '*' ? Number.POSITIVE_INFINITY : number)
const compare = (a: number | '*', b: number | '*'): number => (a === b ? 0 : order(a) < order(b) ? -1 : 1)
const stars = ({ major, minor }: Numbers): number => Number(major === '*') + Number(minor === '*')

/** Each bit of access is decided by the last rule that has it and covers the device. */
const accessAt = (rules: readonly DeviceRule[], numbers: Numbers): number => {
  let access = 0
  for (const rule of rules) {
    if (covers(rule, numbers)) access = rule.allow ? access | rule.access : access & ~rule.access
  }
  return access
}

const patternsFor = (all: readonly DeviceRule[], type: 'b' | 'c'): readonly DevicePattern[] => {
  const rules = all.filter(rule => rule.type === 'a' || rule.type === type)
  return patternsOf(rules)
    .map(numbers => ({ ...numbers, access: accessAt(rules, numbers) }))
    .sort((a, b) => stars(a) - stars(b) || compare(a.major, b.major) || compare(a.minor, b.minor))
}

/**
 * What a list of rules comes to, the most exact patterns first: the first that a device matches says what is allowed, for every bit
 * of access. Without rules nothing is.
 */
export const deviceTable = (rules: readonly DeviceRule[]): DeviceTable => ({
  b: patternsFor(rules, 'b'),
  c: patternsFor(rules, 'c'),
})
