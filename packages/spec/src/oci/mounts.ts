import { type Check, list, shown, text, texts } from './check.ts'
import type { OciMount } from './config.ts'
import { configError } from './config-error.ts'
import { idMappings } from './id-mappings.ts'
import { anyPath, normalPath } from './inside-path.ts'
import { parseMountOptions } from './mount-options.ts'
import { record } from './record.ts'

/** Files of /proc that lxcfs and the like stand in for; nothing is decided by them. */
const PROC_FILES: ReadonlySet<string> = new Set(
  [
    'cpuinfo',
    'diskstats',
    'loadavg',
    'meminfo',
    'net/dev',
    'slabinfo',
    'stat',
    'swaps',
    'sys/crypto/fips_enabled',
    'sys/kernel/ns_last_pid',
    'uptime',
  ].map(file => `/proc/${file}`),
)

const fields = record<OciMount>({
  fields: {
    destination: (value, path) => target(anyPath(value, path), path),
    type: text,
    source: text,
    options: texts,
    uidMappings: idMappings,
    gidMappings: idMappings,
  },
  required: ['destination'],
})

/** A relative one is below the root, which the specification keeps for old documents. */
const target = (path: string, where: string): string => {
  const normal = normalPath(path)
  if (normal !== '/') return normal
  throw configError(where, `${shown(path)} is the root itself`, 'The root is chosen by root.path.')
}

const mount: Check<OciMount> = (value, path) => {
  const read = fields(value, path)
  const options = parseMountOptions(read.options ?? [], `${path}.options`)
  // The specification looks at the options only; engines that write the type alone mean the same.
  const bind = options.bind !== false || read.type === 'bind'
  mappingsFit(read, path)
  if (!options.remount) sourceFits(read, { bind, path })
  if (options.copyUp && (bind || read.type !== 'tmpfs'))
    throw configError(`${path}.options`, '"tmpcopyup" is not for this type', 'Only tmpfs has it.')
  const kept = bind ? 'bind' : options.remount ? 'remount' : read.type
  const refusal = ofProc(read.destination, kept)
  if (refusal !== undefined) throw configError(`${path}.destination`, ...refusal)
  return read
}

const sourceFits = (
  { source = '', type = '' }: OciMount,
  { bind, path }: { readonly bind: boolean; readonly path: string },
): void => {
  if (bind && source === '')
    throw configError(`${path}.source`, 'is missing', 'Name the file or directory to bind.')
  if (!bind && type === '')
    throw configError(
      `${path}.type`,
      'is missing',
      'Name the file system, or put "bind" or "rbind" into options.',
    )
}

const mappingsFit = (read: OciMount, path: string): void => {
  for (const [has, lacks] of [
    ['uidMappings', 'gidMappings'],
    ['gidMappings', 'uidMappings'],
  ] as const) {
    if (read[has] !== undefined && read[lacks] === undefined)
      throw configError(`${path}.${lacks}`, `is missing beside ${has}`, 'Give both or neither.')
  }
}

/**
 * /proc is where labels and kernel parameters are written and where the masks lie, so nothing may stand in for it: on /proc
 * itself a proc, or a bind of one; below it a bind over a few files. What a bind brings is looked at again once it is open.
 *
 * @returns what is wrong and what to do instead
 */
const ofProc = (destination: string, kind: string | undefined): [string, string] | undefined => {
  if (destination === '/proc') {
    if (kind === 'proc' || kind === 'bind' || kind === 'remount') return undefined
    return [`${shown(kind)} cannot be mounted on /proc`, 'Use type "proc".']
  }
  if (!destination.startsWith('/proc/') || (kind === 'bind' && PROC_FILES.has(destination))) return undefined
  const files = [...PROC_FILES].join(', ')
  return [`nothing can be mounted on ${shown(destination)}`, `Below /proc only files are bound on: ${files}.`]
}

/** `mounts` (config.md, "Mounts"), each with its destination in one form (see `normalPath`). */
export const mounts: Check<readonly OciMount[]> = list(mount)
