import { resolve } from 'node:path'
import type { IoMax } from '@tsbox/cgroups'
import { isTsboxError, TsboxError } from '@tsbox/errors'
import type { BoxInput } from '@tsbox/spec'
import { readUtf8, requireUtf8Variable } from '../utf8.ts'
import type { RunSettings } from './run-settings.ts'

// How the values of `tsbox run`'s options are written. Each throws TsboxError ERR_TSBOX_USAGE or ERR_TSBOX_SIZE.

const usage = (message: string, hint: string, step: string) =>
  new TsboxError('ERR_TSBOX_USAGE', message, { hint, step })

/** A path of this host in full. An empty one is a variable that was not set, not the working directory. */
export const hostPath = (path: string, step: string): string => {
  if (path === '') throw usage(`${step}: the path is empty`, `Write ${step} and a path of this host.`, step)
  try {
    return resolve(path)
  } catch (cause) {
    throw new TsboxError('ERR_TSBOX_USAGE', `${step}: the working directory was removed`, {
      hint: 'Give the full path, or change to a directory that exists.',
      step,
      cause,
    })
  }
}

export const wholeNumber = (value: string, step: string): number => {
  if (/^\d{1,15}$/.test(value)) return Number(value)
  throw new TsboxError('ERR_TSBOX_SIZE', `${step}: ${JSON.stringify(value)} is not a whole number`, {
    hint: 'Write digits only.',
    step,
  })
}

/** A time with its unit: a bare number is milliseconds to the library and seconds to timeout(1). */
export const time = (value: string, step: string): string => {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(us|ms|s|m|h)?$/.exec(value) ?? []
  if (unit !== undefined) return value
  const [why, hint] =
    number === undefined
      ? ['is not a time', `Write a number with us, ms, s, m or h, such as ${step} 1.5s.`]
      : ['has no unit', `Write ${step} ${value}s, or ${value}ms.`]
  throw new TsboxError('ERR_TSBOX_SIZE', `${step}: ${JSON.stringify(value)} ${why}`, { hint, step })
}

/** Decimal digits only: what a larger number, a sign or another base would become elsewhere is an old way to uid 0. */
export const user = (value: string): NonNullable<BoxInput['user']> => {
  const [, uid, gid] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(value) ?? []
  if (uid === undefined || Number(uid) > 0x7fff_ffff || Number(gid ?? 0) > 0x7fff_ffff) {
    throw usage(
      `${JSON.stringify(value)} is not a user`,
      'Write -u UID or -u UID:GID, numbers up to 2147483647.',
      '--user',
    )
  }
  return { uid: Number(uid), gid: Number(gid ?? uid) }
}

/** NAME=VALUE, or NAME alone for the caller's own value of it. */
export const setEnv = (env: Record<string, string>, text: string): void => {
  if (text === '')
    throw usage('--env: there is no variable named', 'Write -e NAME=VALUE or -e NAME.', '--env')
  const own = Object.hasOwn(process.env, text) ? process.env[text] : undefined
  if (own !== undefined) requireUtf8Variable(text, own)
  const [name, value] = text.includes('=') ? split(text, '=') : [text, own]
  if (value !== undefined) env[name] = value
}

const split = (text: string, at: string): [string, string] => [
  text.slice(0, text.indexOf(at)),
  text.slice(text.indexOf(at) + at.length),
]

export const readEnvFile = (env: Record<string, string>, path: string): void => {
  let text: string
  try {
    text = readUtf8(path, '--env-file')
  } catch (cause) {
    if (isTsboxError(cause)) throw cause
    throw new TsboxError('ERR_TSBOX_USAGE', `--env-file: ${(cause as Error).message}`, {
      hint: 'Name a file with a line NAME=VALUE for each variable.',
      step: '--env-file',
      cause,
    })
  }
  if (text.includes('\0'))
    throw usage(
      `--env-file: ${JSON.stringify(path)} has a NUL byte in it`,
      'Name a text file with a line NAME=VALUE for each variable.',
      '--env-file',
    )
  for (const line of text.split('\n')) if (/^\s*[^#\s]/.test(line)) setEnv(env, line.trimStart())
}

export const volume = (value: string): NonNullable<BoxInput['volumes']>[number] => {
  const [, source, target, mode] = /^(.+?):(\/[^:]*)(?::(ro|rw))?$/s.exec(value) ?? []
  if (source === undefined || target === undefined) {
    throw usage(
      `${JSON.stringify(value)} is not a volume`,
      'Write -v SRC:DST or -v SRC:DST:ro; DST is a full path in the box.',
      '--volume',
    )
  }
  return { source: hostPath(source, '--volume'), target, readOnly: mode === 'ro' }
}

export const tmpfs = (value: string): NonNullable<BoxInput['tmpfs']>[number] => {
  const [target, options] = value.includes(':') ? split(value, ':') : [value, '']
  const fields = Object.fromEntries(
    options
      .split(',')
      .filter(Boolean)
      .map(option => split(`${option}=`, '=')),
  )
  const unknown = Object.keys(fields).find(key => key !== 'size' && key !== 'mode')
  const mode = fields.mode?.replace(/=$/, '')
  const size = fields.size?.replace(/=$/, '')
  if (unknown !== undefined || size === '' || (mode !== undefined && !/^[0-7]{1,4}$/.test(mode))) {
    throw usage(`${JSON.stringify(value)} is not a tmpfs`, 'Write --tmpfs DST:size=64m,mode=1777.', '--tmpfs')
  }
  return { target, ...(size ? { size } : {}), ...(mode ? { mode: Number.parseInt(mode, 8) } : {}) }
}

/** MAJ:MIN,rbps=1m,wiops=100: one block device's limits. */
export const ioMax = (value: string): IoMax => {
  const [device = '', ...fields] = value.split(',')
  const pairs = fields
    .map(field => split(`${field}=`, '='))
    .map(([key, v]) => [key, v.replace(/=$/, '')] as const)
  const bad = pairs.some(([key, v]) => !/^[rw](bps|iops)$/.test(key) || v === '')
  if (bad || pairs.length === 0 || !/^\d+:\d+$/.test(device)) {
    throw usage(
      `${JSON.stringify(value)} is not an I/O limit`,
      'Write --io-max MAJ:MIN,rbps=10m,wbps=10m,riops=100,wiops=100 with at least one of them.',
      '--io-max',
    )
  }
  const iops = (key: string, v: string) =>
    key.endsWith('iops') && v !== 'max' ? wholeNumber(v, '--io-max') : v
  return { device, ...Object.fromEntries(pairs.map(([key, v]) => [key, iops(key, v)])) }
}

export const network = (value: string): 'none' | 'host' => {
  if (value === 'none' || value === 'host') return value
  throw usage(`there is no network ${JSON.stringify(value)}`, 'Choose none or host.', '--net')
}

export const keyValue = (value: string, step: string): [string, string] => {
  if (!value.includes('='))
    throw usage(`${step}: ${JSON.stringify(value)} has no value`, `Write ${step} NAME=VALUE.`, step)
  return split(value, '=')
}

/** seccomp=FILE, seccomp=default, seccomp=unconfined, no-new-privileges[=BOOLEAN]; a colon will do too, as elsewhere. */
export const securityOption = (settings: Pick<RunSettings, 'box' | 'profile'>, value: string): void => {
  const [, key, text = ''] = /^([a-z-]+)(?:[=:](.*))?$/s.exec(value) ?? []
  if (key === 'no-new-privileges' && /^(true|false)?$/.test(text)) settings.box.noNewPrivs = text !== 'false'
  else if (key !== 'seccomp' || text === '')
    throw usage(
      `there is no security option ${JSON.stringify(value)}`,
      'Write seccomp=FILE, seccomp=unconfined or no-new-privileges=false.',
      '--security-opt',
    )
  else if (text === 'default' || text === 'unconfined') settings.box.seccomp = text
  else settings.profile = { path: text, text: readProfile(text) }
}

const readProfile = (path: string): string => {
  try {
    return readUtf8(path, '--security-opt')
  } catch (cause) {
    if (isTsboxError(cause)) throw cause
    throw usage(
      `--security-opt: ${(cause as Error).message}`,
      'Name a file with a profile.',
      '--security-opt',
    )
  }
}
