import { statSync } from 'node:fs'
import { TsboxError } from '@tsbox/errors'
import { type OciConfig, sysctlFile } from '@tsbox/spec'

/** Files of /proc/PID/ns of the namespaces that hold settings. */
const FILES = { network: 'net', ipc: 'ipc', uts: 'uts' } as const
type Kind = keyof typeof FILES

/** The fields of a configuration that change something of a namespace. */
const settingsOf = ({ hostname, domainname, linux }: OciConfig): readonly (readonly [string, Kind])[] => [
  ...(hostname === undefined ? [] : [['hostname', 'uts'] as const]),
  ...(domainname === undefined ? [] : [['domainname', 'uts'] as const]),
  ...Object.entries(linux.sysctl ?? {}).map(([key, value]) => {
    const file = sysctlFile(key, value, true)
    const kind = file.startsWith('net/') ? 'network' : file === 'kernel/domainname' ? 'uts' : 'ipc'
    return [`linux.sysctl[${JSON.stringify(key)}]`, kind] as const
  }),
]

const isOurs = (kind: Kind, path: string): boolean => {
  const own = statSync(`/proc/self/ns/${FILES[kind]}`, { bigint: true })
  try {
    const other = statSync(path, { bigint: true })
    return other.ino === own.ino && other.dev === own.dev
  } catch {
    return false // nor can it be joined then, which is told of at that step
  }
}

/**
 * A namespace that is joined by its path and is that of the host is not the container's own: what is set in it would be set for the
 * host (CVE-2022-0532).
 *
 * @throws TsboxError ERR_TSBOX_HOST naming the field
 */
export const checkOwnNamespaces = (config: OciConfig): void => {
  const settings = settingsOf(config)
  for (const { type, path } of settings.length === 0 ? [] : (config.linux.namespaces ?? [])) {
    const [field] = settings.find(([, kind]) => kind === type) ?? []
    if (field === undefined || path === undefined || !isOurs(type as Kind, path)) continue
    throw new TsboxError('ERR_TSBOX_HOST', `${field}: ${JSON.stringify(path)} is the namespace of the host`, {
      hint: `Leave the field out, or the path of the ${type} namespace, so that the container has one of its own.`,
      step: field,
    })
  }
}
