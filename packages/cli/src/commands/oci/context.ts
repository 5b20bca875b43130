import { resolve } from 'node:path'
import { TsboxError } from '@tsbox/errors'
import type { Handback } from '@tsbox/plan'
import { isMachineRoot, OCI_ROOT } from '@tsbox/runtime'
import { type OptionRow, readOptions } from '../../option.ts'
import { ownCommand } from '../../own-command.ts'

/** Options that stand before the verb, as other runtimes have them. */
export interface Globals {
  root: string
  log?: string
  logFormat: string
  debug: boolean
  version: boolean
  systemd: boolean
}

/** Without root the state lies where a user's own run-time files do. */
const defaultRoot = (): string => {
  const own = process.env.XDG_RUNTIME_DIR
  return isMachineRoot() || own === undefined || own === '' ? OCI_ROOT : `${own}/tsbox-oci`
}

export const newGlobals = (): Globals => ({
  root: defaultRoot(),
  logFormat: 'text',
  debug: false,
  version: false,
  systemd: false,
})

const unknownFormat = (format: string): TsboxError =>
  new TsboxError('ERR_TSBOX_USAGE', `--log-format: there is no format ${JSON.stringify(format)}`, {
    hint: 'Write text or json.',
    step: '--log-format',
  })

export const GLOBAL_OPTIONS: readonly OptionRow<Globals>[] = [
  {
    name: 'root',
    value: 'DIR',
    group: 'global',
    help: `where the state of containers lies; default: ${OCI_ROOT}`,
    set: (s, v) => {
      s.root = resolve(v)
    },
  },
  {
    name: 'log',
    value: 'FILE',
    group: 'global',
    help: 'append errors to this file too',
    set: (s, v) => {
      s.log = resolve(v)
    },
  },
  {
    name: 'log-format',
    value: 'text|json',
    group: 'global',
    help: 'how; default: text',
    set: (s, v) => {
      if (v !== 'text' && v !== 'json') throw unknownFormat(v)
      s.logFormat = v
    },
  },
  {
    name: 'debug',
    group: 'global',
    help: 'log more',
    set: s => {
      s.debug = true
    },
  },
  {
    name: 'version',
    short: 'v',
    group: 'global',
    help: 'which version this is',
    set: s => {
      s.version = true
    },
  },
  {
    name: 'systemd-cgroup',
    group: 'global',
    help: 'cgroupsPath is slice:prefix:name, as systemd has it',
    set: s => {
      s.systemd = true
    },
  },
]

/** What a verb is given. */
export interface Context {
  readonly globals: Globals
  /** The command line after the verb. */
  readonly args: readonly string[]
  /** All of it, which goes along to whoever tells how it went. */
  readonly all: readonly string[]
  readonly verb: string
}

/** Options of a verb that may stand before and behind its words. */
export const readVerb = <T>(
  { args }: Context,
  table: readonly OptionRow<T>[],
  settings: T,
): { readonly words: readonly string[]; readonly help: boolean } => {
  const words: string[] = []
  for (let left: readonly string[] = args; ; ) {
    const { rest, help } = readOptions(left, table, settings)
    if (help) return { words, help }
    const [word, ...more] = rest
    if (word === undefined) return { words, help: false }
    words.push(word)
    left = more
  }
}

/** The program that tells how a verb went: this one again, with the words it was called with. */
export const handbackOf = ({ all }: Pick<Context, 'all'>): Handback => ({
  argv: [...ownCommand(), 'handback', ...all],
  env: ['TSBOX_HANDBACK=oci'],
})

/** For a plan that is written for later: whoever runs it adds its own words. */
export const laterHandback = (): Handback => handbackOf({ all: [] })
