import { text } from './check.ts'
import { configError, jsonPath } from './config-error.ts'

/** MOUNT_ATTR_* of mount_setattr(2). */
export const MOUNT_ATTRIBUTES = {
  rdonly: 0x1,
  nosuid: 0x2,
  nodev: 0x4,
  noexec: 0x8,
  noatime: 0x10,
  strictatime: 0x20,
  /** The field the kinds of access time share; relatime is 0 in it. */
  anyatime: 0x70,
  nodiratime: 0x80,
  nosymfollow: 0x20_0000,
} as const

export interface Propagation {
  readonly type: 'private' | 'slave' | 'shared' | 'unbindable'
  readonly recursive: boolean
}

/** What the options of a mount come to. */
export interface MountOptions {
  readonly bind: false | 'bind' | 'rbind'
  /** Of what is mounted there already, flags are changed. */
  readonly remount: boolean
  /** MOUNT_ATTR_* of this mount. Where a kind of access time is set, the whole field of it is cleared, as the kernel wants. */
  readonly attributesSet: number
  readonly attributesClear: number
  /** The same for this mount and everything below it, by the options that begin with `r`. */
  readonly recursiveSet: number
  readonly recursiveClear: number
  readonly propagation: Propagation | undefined
  /** Flags of the file system as a whole, for fsconfig(2); a bind mount has none of its own. `ro` is here and an attribute. */
  readonly superFlags: readonly string[]
  readonly idmap: false | 'idmap' | 'ridmap'
  /** What the directory held is copied into the new file system. */
  readonly copyUp: boolean
  /** Everything else, for the file system itself; the value is undefined when the option has none. */
  readonly data: readonly (readonly [string, string | undefined])[]
}

/** Bits an option sets and clears. */
type Bits = readonly [set: number, clear: number]

const A = MOUNT_ATTRIBUTES

/** The options of config.md, "Linux mount options", that are attributes; with an `r` before it, each is recursive. */
const ATTRIBUTES: ReadonlyMap<string, Bits> = new Map<string, Bits>([
  ['ro', [A.rdonly, 0]],
  ['rw', [0, A.rdonly]],
  ['nosuid', [A.nosuid, 0]],
  ['suid', [0, A.nosuid]],
  ['nodev', [A.nodev, 0]],
  ['dev', [0, A.nodev]],
  ['noexec', [A.noexec, 0]],
  ['exec', [0, A.noexec]],
  ['nodiratime', [A.nodiratime, 0]],
  ['diratime', [0, A.nodiratime]],
  ['nosymfollow', [A.nosymfollow, 0]],
  ['symfollow', [0, A.nosymfollow]],
  ['noatime', [A.noatime, A.anyatime]],
  ['strictatime', [A.strictatime, A.anyatime]],
  // Where none of the others is asked for, the kernel keeps access times relative.
  ['relatime', [0, A.anyatime]],
  ['atime', [0, A.anyatime]],
  ['norelatime', [0, A.anyatime]],
  ['nostrictatime', [0, A.anyatime]],
])

/** Flags of the whole file system, and what each takes back. */
const SUPER_FLAGS: ReadonlyMap<string, string | undefined> = new Map([
  ['ro', 'rw'],
  ['rw', 'ro'],
  ['sync', 'async'],
  ['async', 'sync'],
  ['dirsync', undefined],
  ['lazytime', 'nolazytime'],
  ['nolazytime', 'lazytime'],
  ['mand', 'nomand'],
  ['nomand', 'mand'],
  ['iversion', undefined],
])

const PROPAGATIONS: ReadonlyMap<string, Propagation> = new Map([
  ['private', { type: 'private', recursive: false }],
  ['rprivate', { type: 'private', recursive: true }],
  ['slave', { type: 'slave', recursive: false }],
  ['rslave', { type: 'slave', recursive: true }],
  ['shared', { type: 'shared', recursive: false }],
  ['rshared', { type: 'shared', recursive: true }],
  ['unbindable', { type: 'unbindable', recursive: false }],
  ['runbindable', { type: 'unbindable', recursive: true }],
])

/** Options of mount(8) that change nothing here: the defaults, and what the kernel writes to its log. */
const NOTHING: readonly string[] = ['defaults', 'silent', 'loud']

const OTHERS = ['bind', 'rbind', 'remount', 'idmap', 'ridmap', 'tmpcopyup', 'noiversion'] as const

/** Every option that is not left to the file system, sorted: what `features` tells. */
export const MOUNT_OPTIONS: readonly string[] = [
  ...new Set([
    ...ATTRIBUTES.keys(),
    ...[...ATTRIBUTES.keys()].map(name => `r${name}`),
    ...SUPER_FLAGS.keys(),
    ...PROPAGATIONS.keys(),
    ...NOTHING,
    ...OTHERS,
  ]),
].sort()

/** `private`, `rslave` …, as an option of a mount or as `linux.rootfsPropagation`. */
export const parsePropagation = (name: string): Propagation | undefined => PROPAGATIONS.get(name)

/**
 * What the options of a mount mean. Of two that contradict each other the later one counts, as with mount(8).
 *
 * @param where the path of the list, for messages
 * @throws TsboxError ERR_TSBOX_CONFIG for a NUL byte, or for two kinds of propagation
 */
export const parseMountOptions = (options: readonly string[], where: string): MountOptions => {
  const state: State = { ...START, superFlags: [], data: [] }
  for (const [i, option] of options.entries()) {
    const place = jsonPath(where, i)
    apply(state, text(option, place), place)
  }
  return state
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
interface State extends Omit<Mutable<MountOptions>, 'superFlags' | 'data'> {
  superFlags: string[]
  data: (readonly [string, string | undefined])[]
}

const START: Omit<MountOptions, 'superFlags' | 'data'> = {
  bind: false,
  remount: false,
  attributesSet: 0,
  attributesClear: 0,
  recursiveSet: 0,
  recursiveClear: 0,
  propagation: undefined,
  idmap: false,
  copyUp: false,
}

const apply = (state: State, option: string, where: string): void => {
  const own = ATTRIBUTES.get(option)
  if (own !== undefined) {
    state.attributesSet = (state.attributesSet & ~own[1]) | own[0]
    state.attributesClear = (state.attributesClear & ~own[0]) | own[1]
  }
  if (SUPER_FLAGS.has(option)) superFlag(state, option)
  if (own !== undefined || SUPER_FLAGS.has(option)) return
  const below = option.startsWith('r') ? ATTRIBUTES.get(option.slice(1)) : undefined
  const propagation = parsePropagation(option)
  if (below !== undefined) {
    state.recursiveSet = (state.recursiveSet & ~below[1]) | below[0]
    state.recursiveClear = (state.recursiveClear & ~below[0]) | below[1]
  } else if (propagation !== undefined) propagate(state, propagation, where)
  else other(state, option)
}

const propagate = (state: State, asked: Propagation, where: string): void => {
  const { propagation } = state
  state.propagation = asked
  if (propagation === undefined || propagation.type === asked.type) return
  throw configError(where, `${asked.type} contradicts ${propagation.type} before it`, 'Keep one of the two.')
}

const superFlag = (state: State, option: string): void => {
  const opposite = SUPER_FLAGS.get(option)
  state.superFlags = state.superFlags.filter(flag => flag !== opposite && flag !== option)
  state.superFlags.push(option)
}

const other = (state: State, option: string): void => {
  switch (option) {
    case 'bind':
    case 'rbind':
      // Either of them makes it one; the recursive one includes the other.
      state.bind = state.bind === 'rbind' ? 'rbind' : option
      return
    case 'idmap':
    case 'ridmap':
      state.idmap = option
      return
    case 'remount':
      state.remount = true
      return
    case 'tmpcopyup':
      state.copyUp = true
      return
    case 'noiversion':
      state.superFlags = state.superFlags.filter(flag => flag !== 'iversion')
      return
    default:
      if (!NOTHING.includes(option)) state.data.push(...dataOf(option))
  }
}

/**
 * To mount(2) all data is one text with commas between, so an option may hold several; a value in double quotes, such as a
 * label of SELinux, may have commas of its own.
 */
const dataOf = (option: string): (readonly [string, string | undefined])[] => {
  const parts = option.includes('"') ? (option.match(/(?:[^,"]|"[^"]*"?)+/g) ?? []) : option.split(',')
  return parts
    .filter(part => part !== '')
    .map(part => {
      const split = part.indexOf('=')
      if (split < 0) return [part, undefined]
      return [part.slice(0, split), part.slice(split + 1).replace(/^"(.*)"$/s, '$1')]
    })
}
