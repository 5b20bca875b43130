import { type Limits, normalLimits, parseDuration, parseSize } from '@tsbox/cgroups'
import { TsboxError } from '@tsbox/errors'
import * as v from 'valibot'
import type { Box, Tmpfs, Volume } from './box.ts'
import { CAPABILITIES, type Capability, DEFAULT_CAPABILITIES, parseCapability } from './capabilities.ts'
import { type BoxInput, BoxInputSchema } from './input.ts'
import { seccomp } from './oci/seccomp-profile.ts'
import { insidePath, mountTarget } from './paths.ts'
import { parseRlimit, type Rlimit } from './rlimits.ts'
import { parseSignal } from './signals.ts'
import { sysctlFile } from './sysctls.ts'

/** What a box gets when its user says nothing. */
export const DEFAULTS = {
  hostname: 'container',
  path: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  pids: 1024,
  tmpfsSize: 64 * 2 ** 20,
  stopTimeout: 10_000,
} as const

/**
 * Checks a box and fills in its defaults.
 *
 * @throws TsboxError ERR_TSBOX_SPEC naming the field, ERR_TSBOX_SIZE for a size or duration in no known form
 */
export const parseBox = (input: BoxInput): Box => {
  const given = validated(input)
  const network = given.network ?? 'none'
  const privileged = given.privileged ?? false
  const user = { uid: given.user?.uid ?? 0, gid: given.user?.gid ?? given.user?.uid ?? 0 }
  const hostname = hostnameOf(given.hostname ?? DEFAULTS.hostname)
  const allCapabilities = privileged || hasAll(given.capAdd)
  return {
    args: given.args as [string, ...string[]],
    name: boxName(given.name ?? randomName()),
    hostname,
    root: given.root ?? { kind: 'system' },
    readOnly: given.readOnly ?? false,
    cwd: insidePath(given.cwd ?? '/', 'cwd'),
    env: environment(given, hostname, user.uid),
    user: { ...user, groups: [...new Set([user.gid, ...(given.user?.groups ?? [])])] },
    umask: given.umask ?? 0o022,
    volumes: (given.volumes ?? []).map(volume),
    tmpfs: (given.tmpfs ?? []).map(tmpfs),
    network,
    limits: limits(given.limits),
    cgroupParent: given.cgroupParent,
    rlimits: lastOfEach((given.rlimits ?? []).map(parseRlimit)),
    capabilities: capabilities(given, privileged),
    allCapabilities,
    privileged,
    noNewPrivs: given.noNewPrivs ?? !privileged,
    seccomp: seccompOf(given.seccomp ?? (privileged ? 'unconfined' : 'default')),
    sysctls: sysctls(given.sysctls ?? {}, network === 'none'),
    timeout: milliseconds(given.timeout ?? 0, 'timeout'),
    stopSignal: parseSignal(given.stopSignal ?? 'TERM'),
    stopTimeout: milliseconds(given.stopTimeout ?? DEFAULTS.stopTimeout, 'stopTimeout'),
    init: given.init ?? false,
    terminal: given.terminal ?? false,
  }
}

/** Options that are said twice hold as they were said last. */
const lastOfEach = (rlimits: readonly Rlimit[]): readonly Rlimit[] => [
  ...new Map(rlimits.map(limit => [limit.name, limit])).values(),
]

/** Not a secret: a name that is taken is refused when it is claimed. */
const randomName = (): string =>
  Math.floor(Math.random() * 2 ** 48)
    .toString(16)
    .padStart(12, '0')

const validated = (input: BoxInput): v.InferOutput<typeof BoxInputSchema> => {
  const result = v.safeParse(BoxInputSchema, input)
  if (result.success) return result.output
  const issue = result.issues[0]
  const path = v.getDotPath(issue) ?? 'box'
  throw new TsboxError('ERR_TSBOX_SPEC', `${path}: ${issue.message}`, { step: path })
}

/**
 * A box's name: it becomes a directory and a cgroup, so it is plain.
 *
 * @throws TsboxError ERR_TSBOX_SPEC
 */
export const boxName = (name: string): string => {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/.test(name)) return name
  throw new TsboxError('ERR_TSBOX_SPEC', `${JSON.stringify(name)} cannot be the name of a box`, {
    hint: 'Use up to 64 letters, digits, "_", "." and "-", beginning with a letter, digit or "_".',
    step: 'name',
  })
}

/** A host name ends up in /etc/hosts and /etc/hostname: RFC 1123 labels only. */
const hostnameOf = (name: string): string => {
  const label = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/
  if (name.length <= 64 && name.split('.').every(part => label.test(part))) return name
  throw new TsboxError('ERR_TSBOX_SPEC', `${JSON.stringify(name)} is not a host name`, {
    hint: 'Use parts of up to 63 letters, digits and "-", joined by ".", 64 in all (RFC 1123).',
    step: 'hostname',
  })
}

const environment = (given: BoxInput, hostname: string, uid: number): Record<string, string> => {
  for (const key of Object.keys(given.env ?? {})) {
    if (key !== '' && !key.includes('=')) continue
    throw new TsboxError(
      'ERR_TSBOX_SPEC',
      `${JSON.stringify(key)} cannot be the name of an environment variable`,
      {
        hint: 'Write NAME=VALUE.',
        step: 'env',
      },
    )
  }
  return {
    PATH: DEFAULTS.path,
    HOME: uid === 0 ? '/root' : '/',
    HOSTNAME: hostname,
    ...(given.terminal ? { TERM: 'xterm' } : {}),
    ...given.env,
  }
}

const volume = (given: { source: string; target: string; readOnly?: boolean | undefined }): Volume => {
  if (!given.source.startsWith('/')) {
    throw new TsboxError(
      'ERR_TSBOX_SPEC',
      `volumes: ${JSON.stringify(given.source)} is not an absolute path`,
      {
        hint: 'Give the full path of a file or directory of the host: /src:/dst or /src:/dst:ro.',
        step: 'volumes',
      },
    )
  }
  return {
    source: given.source,
    target: mountTarget(given.target, 'volumes'),
    readOnly: given.readOnly ?? false,
  }
}

const tmpfs = (given: {
  target: string
  size?: number | string | undefined
  mode?: number | undefined
}): Tmpfs => ({
  target: mountTarget(given.target, 'tmpfs'),
  size: tmpfsSize(given.size ?? DEFAULTS.tmpfsSize),
  mode: given.mode ?? 0o1777,
})

/** To tmpfs(5) a size of 0 is no limit at all. */
const tmpfsSize = (size: number | string): number => {
  const bytes = parseSize(size, 'tmpfs')
  if (bytes > 0) return bytes
  throw new TsboxError('ERR_TSBOX_SIZE', `tmpfs: ${JSON.stringify(size)} leaves no room at all`, {
    hint: 'Give a size such as 64Mi.',
    step: 'tmpfs',
  })
}

/** Checked here, not only once they are planned, so that a limit in no known form is never taken for none. */
const limits = (given: Limits = {}): Limits => {
  normalLimits(given)
  return { ...given, pids: { max: given.pids?.max ?? DEFAULTS.pids } }
}

/** Whole milliseconds that fit the plan; rounded up, because 0 has a meaning of its own. */
const milliseconds = (value: number | string, field: string): number => {
  const ms = Math.ceil(parseDuration(value, field))
  if (ms <= 0xffff_ffff) return ms
  throw new TsboxError('ERR_TSBOX_SIZE', `${field}: ${JSON.stringify(value)} is longer than 49 days`, {
    hint: 'Give a shorter time, or 0.',
    step: field,
  })
}

const hasAll = (list: readonly string[] | undefined): boolean =>
  list?.some(name => name.toUpperCase() === 'ALL') ?? false

/** ALL is where the list starts, whichever way it is named; what is dropped by name is not in it. */
const capabilities = (given: BoxInput, privileged: boolean): readonly Capability[] => {
  const named = (list: readonly string[] | undefined) =>
    (list ?? []).filter(name => name.toUpperCase() !== 'ALL').map(parseCapability)
  const usual = hasAll(given.capDrop) ? [] : privileged ? CAPABILITIES : DEFAULT_CAPABILITIES
  const base = hasAll(given.capAdd) ? CAPABILITIES : usual
  const dropped = named(given.capDrop)
  return [...new Set([...base, ...named(given.capAdd)])].filter(name => !dropped.includes(name))
}

/** A profile is checked like one in a config.json. */
const seccompOf = (given: NonNullable<BoxInput['seccomp']>): Box['seccomp'] =>
  typeof given === 'string' ? given : seccomp(given, 'seccomp')

const sysctls = (given: Readonly<Record<string, string>>, ownNetwork: boolean): Record<string, string> =>
  Object.fromEntries(Object.entries(given).map(([key, value]) => [sysctlFile(key, value, ownNetwork), value]))
