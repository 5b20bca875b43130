import { TsboxError } from '@tsbox/errors'
import { ACCESS, ALL_ACCESS, type DeviceRule } from './device-rules.ts'
import { covers, type DevicePattern, type DeviceTable, deviceTable } from './device-table.ts'

/** A write into a group's directory of v1's devices controller. */
export interface DeviceWrite {
  readonly file: 'devices.allow' | 'devices.deny'
  readonly value: string
}

/** What a v1 group holds: a verdict for everything, and exceptions from it, by `c 1:3`. */
interface Exceptions {
  readonly allowed: boolean
  readonly access: ReadonlyMap<string, number>
}

const letters = (access: number): string =>
  (['r', 'w', 'm'] as const).filter(letter => access & ACCESS[letter]).join('')

/** Where a more exact pattern has less than one around it: exceptions only ever add. */
const hole = (patterns: readonly DevicePattern[]): readonly [DevicePattern, DevicePattern] | undefined => {
  for (const inner of patterns) {
    const outer = patterns.find(one => covers(one, inner) && (one.access & ~inner.access) !== 0)
    if (outer !== undefined) return [inner, outer]
  }
  return undefined
}

const exceptionsOf = (
  type: 'b' | 'c',
  patterns: readonly DevicePattern[],
): readonly (readonly [string, number])[] =>
  patterns
    .filter(
      one =>
        one.access !== 0 &&
        !patterns.some(other => other !== one && covers(other, one) && other.access === one.access),
    )
    .map(({ major, minor, access }) => [`${type} ${major}:${minor}`, access] as const)

const inverted = (patterns: readonly DevicePattern[]): readonly DevicePattern[] =>
  patterns.map(one => ({ ...one, access: ALL_ACCESS & ~one.access }))

const exceptionsFrom = (allowed: boolean, { b, c }: DeviceTable): Exceptions | undefined => {
  const [blocks, chars] = allowed ? [inverted(b), inverted(c)] : [b, c]
  if (hole(blocks) !== undefined || hole(chars) !== undefined) return undefined
  return { allowed, access: new Map([...exceptionsOf('b', blocks), ...exceptionsOf('c', chars)]) }
}

/**
 * v1 keeps exceptions from "nothing" or from "everything", and every exception is for all devices it names. Whichever of the two can say
 * what the rules say is taken, of both the shorter.
 */
const targetOf = (rules: readonly DeviceRule[]): Exceptions => {
  const table = deviceTable(rules)
  const fromNothing = exceptionsFrom(false, table)
  const fromAll = exceptionsFrom(true, table)
  if (fromNothing === undefined || (fromAll !== undefined && fromAll.access.size < fromNothing.access.size)) {
    if (fromAll !== undefined) return fromAll
    throw refusal('c', hole(table.c)) ?? refusal('b', hole(table.b))
  }
  return fromNothing
}

const refusal = (
  type: 'b' | 'c',
  found: readonly [DevicePattern, DevicePattern] | undefined,
): TsboxError | undefined => {
  if (found === undefined) return undefined
  const [inner, outer] = found.map(({ major, minor }) => `${type} ${major}:${minor}`)
  return new TsboxError(
    'ERR_TSBOX_CONTROLLER',
    `linux.resources.devices: the devices controller of cgroup v1 cannot take ${inner} out of ${outer}`,
    {
      hint: 'allow single devices instead of all, or use a host with cgroup v2',
      step: 'linux.resources.devices',
    },
  )
}

/** `devices.list` as the kernel prints it. What a group that allows everything makes exceptions of, it does not show. */
const listed = (text: string): Exceptions | undefined => {
  const access = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [type = '', numbers = '', given = ''] = line.trim().split(/\s+/)
    if (type === '') continue
    if (type === 'a') return undefined
    const bits = [...given].reduce((sum, letter) => sum | (ACCESS[letter as keyof typeof ACCESS] ?? 0), 0)
    access.set(`${type} ${numbers}`, bits)
  }
  return { allowed: false, access }
}

const changes = (from: Exceptions, to: Exceptions, gained: boolean): readonly DeviceWrite[] => {
  const [base, other] = gained ? [from, to] : [to, from]
  return [...other.access].flatMap(([device, access]) => {
    const bits = access & ~(base.access.get(device) ?? 0)
    if (bits === 0) return []
    const file = gained === to.allowed ? 'devices.deny' : 'devices.allow'
    return [{ file, value: `${device} ${letters(bits)}` } as const]
  })
}

/**
 * The writes that give a group of v1's devices controller the meaning of some rules (kernel
 * Documentation/admin-guide/cgroup-v1/devices.rst). The kernel's own reading of such a list differs: there a denial only takes back the
 * very same line.
 *
 * @param options.current the group's `devices.list`, for a live one: what stays allowed then never stops to be, where the kernel
 *   shows enough. Otherwise all begins anew.
 * @throws TsboxError ERR_TSBOX_CONTROLLER for rules that v1 cannot express: a device taken out of a wildcard that stays
 */
export const deviceWritesV1 = (
  rules: readonly DeviceRule[],
  { current }: { readonly current?: string } = {},
): readonly DeviceWrite[] => {
  const target = targetOf(rules)
  const known = current === undefined || target.allowed ? undefined : listed(current)
  if (known !== undefined) return [...changes(known, target, true), ...changes(known, target, false)]
  const empty: Exceptions = { allowed: target.allowed, access: new Map() }
  return [
    { file: target.allowed ? 'devices.allow' : 'devices.deny', value: 'a *:* rwm' },
    ...changes(empty, target, true),
  ]
}
