import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { type CgroupHost, containerLayout } from '@tsbox/cgroups'
import { TsboxError } from '@tsbox/errors'
import type { ContainerInput } from '@tsbox/plan'
import type { OciConfig } from '@tsbox/spec'

const isOurs = (path: string): boolean => {
  for (let at = path; ; at = dirname(at)) {
    if (statSync(at, { throwIfNoEntry: false }) === undefined && at !== '/') continue
    try {
      accessSync(at, constants.W_OK)
      return true
    } catch {
      return false
    }
  }
}

/** Whether a group can be made at a path without being root of the machine: where a part of the tree was delegated. */
export const canMakeGroup = (host: CgroupHost, path: string): boolean =>
  containerLayout(host, path).every(dir => isOurs(dir.path))

/**
 * Limits that need a cgroup are refused where there can be none; device rules are no loss, because nobody can make nodes there.
 *
 * @throws TsboxError ERR_TSBOX_CGROUP naming the first such field
 */
export const refuseLimits = ({ linux }: OciConfig): void => {
  const { devices: _, ...limits } = linux.resources ?? {}
  const [field] = Object.entries(limits).find(([, value]) => isSet(value)) ?? []
  if (field === undefined) return
  throw new TsboxError(
    'ERR_TSBOX_CGROUP',
    `linux.resources.${field}: no cgroup can be made here without root`,
    {
      hint: 'Leave the limits out, run tsbox as root, or have a part of the cgroup v2 tree delegated.',
      step: `linux.resources.${field}`,
    },
  )
}

const isSet = (value: unknown): boolean =>
  typeof value === 'object' && value !== null ? Object.values(value).some(isSet) : value !== undefined

const HELPERS = { users: '/usr/bin/newuidmap', groups: '/usr/bin/newgidmap' } as const

/** Only root's own programs are trusted with maps: a caller's PATH has no say (CVE class of newuidmap lookups). */
const isRoots = (path: string): boolean => {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat?.isFile() === true && stat.uid === 0 && (stat.mode & 0o022) === 0
}

/**
 * The programs that write maps of more than one user for who is not root.
 *
 * @throws TsboxError ERR_TSBOX_HOST when such a map is asked for and they are not there
 */
export const mapHelpersFor = ({ linux }: OciConfig): ContainerInput['mapHelpers'] => {
  if (process.geteuid?.() === 0) return undefined
  const ranges = Math.max(linux.uidMappings?.length ?? 0, linux.gidMappings?.length ?? 0)
  if (ranges <= 1 || (isRoots(HELPERS.users) && isRoots(HELPERS.groups))) return HELPERS
  throw new TsboxError(
    'ERR_TSBOX_HOST',
    'linux.uidMappings: maps of several ranges need newuidmap and newgidmap',
    {
      hint: 'Install uidmap, and list the ranges in /etc/subuid and /etc/subgid.',
      step: 'linux.uidMappings',
    },
  )
}
