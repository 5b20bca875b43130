import type { LimitWrite } from '../writes.ts'
import type { DeviceWrite } from './devices-v1.ts'

/** A property of a systemd unit, in the words of busctl(1): `MemoryMax`, `t`, `1048576`. */
export interface UnitProperty {
  readonly name: string
  readonly signature: string
  readonly words: readonly string[]
}

const INFINITY = String(2n ** 64n - 1n)

const number = (name: string, text: string): readonly UnitProperty[] => {
  const value = text === 'max' || text === '-1' ? INFINITY : text.replace(/^default /, '')
  return /^\d+$/.test(value) ? [{ name, signature: 't', words: [value] }] : []
}

/** systemd has a share of one processor's second, in microseconds, and the period beside it. */
const quota = (us: string, period: string | undefined): readonly UnitProperty[] => {
  const unlimited = us === 'max' || us === '-1'
  const share = unlimited ? INFINITY : String((BigInt(us) * 1_000_000n) / BigInt(period ?? '100000'))
  return [
    { name: 'CPUQuotaPerSecUSec', signature: 't', words: [share] },
    ...(period === undefined ? [] : number('CPUQuotaPeriodUSec', period)),
  ]
}

/** Far more processors than a kernel can be built for; what is beyond is the kernel's to refuse. */
const MOST = 1 << 16

/** A list such as `0-2,5` as the bytes of a mask, the lowest first. */
const mask = (name: string, list: string): readonly UnitProperty[] => {
  const bytes: number[] = []
  for (const range of list.trim().split(',')) {
    const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? []
    if (from === undefined || Number(to) > MOST) return []
    for (let i = Number(from); i <= Number(to); i++) bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (1 << (i & 7))
  }
  const words = [String(bytes.length), ...Array.from(bytes, byte => String(byte ?? 0))]
  return [{ name, signature: 'ay', words }]
}

const NUMBERS: Readonly<Record<string, string>> = {
  'memory.max': 'MemoryMax',
  'memory.high': 'MemoryHigh',
  'memory.low': 'MemoryLow',
  'memory.min': 'MemoryMin',
  'memory.swap.max': 'MemorySwapMax',
  'memory.limit_in_bytes': 'MemoryLimit',
  'cpu.weight': 'CPUWeight',
  'cpu.shares': 'CPUShares',
  'io.weight': 'IOWeight',
  'blkio.bfq.weight': 'BlockIOWeight',
  'pids.max': 'TasksMax',
}

const MASKS: Readonly<Record<string, string>> = {
  'cpuset.cpus': 'AllowedCPUs',
  'cpuset.mems': 'AllowedMemoryNodes',
}

/**
 * What systemd has to know of a unit's limits so that it does not take them back when it next looks at its units (`daemon-reload`):
 * of each write the property that means the same (systemd.resource-control(5)). Files systemd has no property for are left out; it
 * leaves them alone too. Pure.
 */
export const unitProperties = (writes: readonly LimitWrite[]): readonly UnitProperty[] => {
  const period = writes.find(({ file }) => file === 'cpu.cfs_period_us')?.value
  return writes.flatMap(({ file, value, version }): readonly UnitProperty[] => {
    if (file === 'cpu.max') {
      const [us = 'max', per] = value.split(' ')
      return quota(us, per)
    }
    if (file === 'cpu.cfs_quota_us') return quota(value, period)
    const [name, list] = [NUMBERS[file], MASKS[file]]
    if (name !== undefined) return number(name, value)
    return list === undefined || version === 1 ? [] : mask(list, value)
  })
}

/** `c 1:3` as systemd names devices. A whole class is named by its driver. */
const deviceName = (device: string, driver: (type: string, major: number) => string | undefined) => {
  const [, type = '', major = '', minor = ''] = /^([bc]) (\d+|\*):(\d+|\*)$/.exec(device) ?? []
  const kind = type === 'b' ? 'block' : 'char'
  if (major === '*') return minor === '*' ? `${kind}-*` : undefined
  if (minor !== '*') return `/dev/${kind}/${major}:${minor}`
  const name = driver(type, Number(major))
  return name === undefined ? undefined : `${kind}-${name}`
}

/**
 * The same for the device rules of v1, which systemd would lift otherwise: on v2 it adds to what others have attached, and needs not be
 * told. Rules that begin with "everything is allowed" are no rules to systemd.
 *
 * @param driver the name /proc/devices has for a major number
 */
export const deviceProperties = (
  writes: readonly DeviceWrite[],
  driver: (type: string, major: number) => string | undefined,
): readonly UnitProperty[] => {
  if (writes[0]?.file !== 'devices.deny') return []
  const allowed = writes.slice(1).flatMap(({ value }) => {
    const [, device = '', access = ''] = /^(.+) ([rwm]+)$/.exec(value) ?? []
    const name = deviceName(device, driver)
    return name === undefined ? [] : [name, access]
  })
  return [
    { name: 'DevicePolicy', signature: 's', words: ['strict'] },
    { name: 'DeviceAllow', signature: 'a(ss)', words: [String(allowed.length / 2), ...allowed] },
  ]
}
