import { isSysctlValue, sysctlOf } from '../sysctls.ts'
import { shown } from './check.ts'
import type { OciConfig, OciNamespaceType } from './config.ts'
import { configError, jsonPath } from './config-error.ts'

/** Which namespaces a container has to itself: a new one, or one that is joined by its path. */
interface Own {
  has(type: OciNamespaceType): boolean
  isNew(type: OciNamespaceType): boolean
}

/**
 * What fields need of `linux.namespaces`. A namespace that is joined counts as the container's own; that it is not the host's
 * has to be found out where it is opened.
 *
 * @throws TsboxError ERR_TSBOX_CONFIG
 */
export const checkNamespaces = (config: OciConfig): void => {
  const entries = new Map((config.linux.namespaces ?? []).map(each => [each.type, each]))
  const own: Own = {
    has: type => entries.has(type),
    isNew: type => entries.has(type) && entries.get(type)?.path === undefined,
  }
  utsRules(config, own)
  mountRules(config, own)
  userRules(config, own)
  idmapRules(config, own)
  sysctlRules(config, own)
  if (Object.keys(config.linux.timeOffsets ?? {}).length > 0 && !own.isNew('time'))
    throw configError(
      'linux.timeOffsets',
      'there is no new time namespace to set them in',
      'Add {"type": "time"} without a path to linux.namespaces.',
    )
}

const KINDS = { ipc: 'an IPC', network: 'a network', mount: 'a mount', uts: 'a UTS' } as const

/** @throws TsboxError ERR_TSBOX_CONFIG */
const needs = (field: string, type: keyof typeof KINDS): never => {
  throw configError(
    field,
    `without ${KINDS[type]} namespace of its own the container would change the host`,
    `Add {"type": "${type}"} to linux.namespaces, or leave the field out.`,
  )
}

const utsRules = (config: OciConfig, own: Own): void => {
  for (const field of ['hostname', 'domainname'] as const) {
    if (config[field] !== undefined && !own.has('uts')) needs(field, 'uts')
  }
}

const mountRules = ({ linux }: OciConfig, own: Own): void => {
  for (const field of ['maskedPaths', 'readonlyPaths', 'rootfsPropagation'] as const) {
    if ((linux[field] ?? []).length > 0 && !own.has('mount')) needs(`linux.${field}`, 'mount')
  }
}

/** Engines give the maps of a namespace that is joined too; then they have to be those it has. */
const userRules = ({ linux }: OciConfig, own: Own): void => {
  for (const field of ['uidMappings', 'gidMappings'] as const) {
    const given = (linux[field] ?? []).length > 0
    if (given && !own.has('user'))
      throw configError(
        `linux.${field}`,
        'there is no user namespace to map',
        'Add {"type": "user"} to linux.namespaces, or leave the field out.',
      )
    if (!given && own.isNew('user'))
      throw configError(
        `linux.${field}`,
        'is missing, and in a new user namespace nobody exists without it',
        'Map at least one id.',
      )
  }
}

const idmapRules = ({ mounts = [] }: OciConfig, own: Own): void => {
  if (own.has('user')) return
  for (const [i, { options = [], uidMappings }] of mounts.entries()) {
    const option = options.findIndex(name => name === 'idmap' || name === 'ridmap')
    if (option >= 0 && uidMappings === undefined)
      throw configError(
        `mounts[${i}].options[${option}]`,
        `"${options[option]}" has nothing to map by`,
        'Give the mount uidMappings and gidMappings, or the container a user namespace.',
      )
  }
}

const sysctlRules = ({ domainname, linux }: OciConfig, own: Own): void => {
  for (const [key, value] of Object.entries(linux.sysctl ?? {})) {
    const field = jsonPath('linux.sysctl', key)
    const found = sysctlOf(key)
    if (found === undefined)
      throw configError(
        field,
        'is not a parameter of a namespace, so it would change the host',
        'Set kernel.msg*, kernel.sem, kernel.shm*, kernel.domainname, fs.mqueue.* or net.* only.',
      )
    if (found.file === 'kernel/hostname')
      throw configError(field, 'has a field of its own', 'Use hostname at the top of the document.')
    if (!own.has(found.namespace)) needs(field, found.namespace)
    if (!isSysctlValue(value))
      throw configError(field, `${shown(value)} is not plain text`, 'Leave out control characters.')
    if (found.file === 'kernel/domainname' && domainname !== undefined && domainname !== value)
      throw configError(field, `${shown(value)} is not what domainname says`, 'Leave one of the two out.')
  }
}
