import type { Int64, OciDeviceRule } from './resources.ts'
import { badResource, wholeNumber } from './wish.ts'

/** What may be done with a device, as bits; the numbers are the kernel's for BPF_DEVCG_ACC_ (bpf.h). */
export const ACCESS = { m: 1, r: 2, w: 4 } as const
export const ALL_ACCESS = 7

/** A rule of a device list, checked. */
export interface DeviceRule {
  readonly allow: boolean
  /** 'a' is both. */
  readonly type: 'a' | 'b' | 'c'
  readonly major: number | '*'
  readonly minor: number | '*'
  /** Bits of `ACCESS`. */
  readonly access: number
}

const allow = (
  type: 'b' | 'c',
  major: number | '*',
  minor: number | '*',
  access = ALL_ACCESS,
): DeviceRule => ({
  allow: true,
  type,
  major,
  minor,
  access,
})

const DENY_ALL: DeviceRule = { allow: false, type: 'a', major: '*', minor: '*', access: ALL_ACCESS }

/**
 * What every container may do: make any node (which opens nothing), and use null, zero, full, random, urandom, tty, ptmx and the
 * pseudo-terminals.
 */
export const DEFAULT_DEVICE_RULES: readonly DeviceRule[] = [
  allow('c', '*', '*', ACCESS.m),
  allow('b', '*', '*', ACCESS.m),
  allow('c', 1, 3),
  allow('c', 1, 5),
  allow('c', 1, 7),
  allow('c', 1, 8),
  allow('c', 1, 9),
  allow('c', 5, 0),
  allow('c', 5, 2),
  allow('c', 136, '*'),
]

const accessOf = (access: string | undefined, where: string): number => {
  if (access === undefined) return ALL_ACCESS
  if (!/^[rwm]{1,3}$/.test(access)) {
    throw badResource(`${where}.access`, `${JSON.stringify(access)} is not made of r, w and m`)
  }
  return [...access].reduce((bits, letter) => bits | ACCESS[letter as keyof typeof ACCESS], 0)
}

const numberOf = (value: Int64 | undefined, where: string): number | '*' => {
  if (value === undefined) return '*'
  const number = wholeNumber(value, where)
  if (number === -1n) return '*'
  if (number < 0n || number > 0xffff_ffffn) throw badResource(where, `${number} is not a device number`)
  return Number(number)
}

const typeOf = (type: string | undefined, where: string): DeviceRule['type'] => {
  if (type === undefined || type === 'a' || type === '') return 'a'
  if (type === 'b' || type === 'c') return type
  throw badResource(`${where}.type`, `${JSON.stringify(type)} is not a, b or c`)
}

/**
 * The rules of a container's devices, each stronger than those before it: everything is forbidden, then the configuration's own
 * rules (`linux.resources.devices`), then what every container may do, which no configuration takes away. Other runtimes do the
 * same.
 *
 * @throws TsboxError ERR_TSBOX_SPEC for a type, number or access there is not
 */
export const deviceRules = (config: readonly OciDeviceRule[] = []): readonly DeviceRule[] => [
  DENY_ALL,
  ...config.map((rule, index): DeviceRule => {
    const where = `linux.resources.devices[${index}]`
    return {
      allow: rule.allow,
      type: typeOf(rule.type, where),
      major: numberOf(rule.major, `${where}.major`),
      minor: numberOf(rule.minor, `${where}.minor`),
      access: accessOf(rule.access, where),
    }
  }),
  ...DEFAULT_DEVICE_RULES,
]
