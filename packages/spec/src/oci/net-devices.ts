import { type Check, shown, unlessEmpty } from './check.ts'
import type { OciLinux } from './config.ts'
import { configError, jsonPath } from './config-error.ts'
import { interfaceName } from './interface-name.ts'
import { map, record } from './record.ts'

type NetDevices = NonNullable<OciLinux['netDevices']>
type NetDevice = NetDevices[string]

const entries = map(record<NetDevice>({ fields: { name: unlessEmpty(interfaceName) } }), (key, path) =>
  interfaceName(key, jsonPath(path, String(key))),
)

/**
 * `linux.netDevices` (config-linux.md, "Network Devices"): no two end up with one name. A new name may be a template, in which
 * the kernel fills in one `%d`.
 */
export const netDevices: Check<NetDevices> = (value, path) => {
  const read = entries(value, path)
  const taken = new Map<string, string>()
  for (const [key, { name = key }] of Object.entries(read)) {
    const where = jsonPath(path, key)
    const percent = name.split('%').length - 1
    if (percent > 0 && (percent > 1 || !name.includes('%d') || name === key))
      throw configError(`${where}.name`, `${shown(name)} is no template`, 'A template has "%d" in it, once.')
    const other = taken.get(name)
    if (other !== undefined && percent === 0)
      throw configError(`${where}.name`, `${shown(name)} is the name of ${other} too`, 'Give each its own.')
    taken.set(name, key)
  }
  return read
}
