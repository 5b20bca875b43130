import { statSync } from 'node:fs'
import { containerIds, readContainer, stateOf } from '@tsbox/runtime'
import { describeOptions, type OptionRow } from '../../option.ts'
import { plain, plainJson } from '../../report/print.ts'
import { textTable } from '../../report/table.ts'
import { type Context, readVerb } from './context.ts'
import { exactly, usage } from './words.ts'

interface ListSettings {
  format: string
  quiet: boolean
}

const LIST_OPTIONS: readonly OptionRow<ListSettings>[] = [
  {
    name: 'format',
    short: 'f',
    value: 'table|json',
    group: 'list',
    help: 'default: table',
    set: (s, v) => {
      s.format = v
    },
  },
  {
    name: 'quiet',
    short: 'q',
    group: 'list',
    help: 'ids only',
    set: s => {
      s.quiet = true
    },
  },
]

export const listVerb = (context: Context): string => {
  const settings: ListSettings = { format: 'table', quiet: false }
  const { words, help } = readVerb(context, LIST_OPTIONS, settings)
  if (help) {
    return `Usage: tsbox list [options]

Print the containers below --root.

${describeOptions(LIST_OPTIONS)}

Example: sudo tsbox list --format json
`
  }
  exactly(words, [], 'list')
  if (settings.format !== 'table' && settings.format !== 'json')
    throw usage('list', `there is no format ${JSON.stringify(settings.format)}`)
  const ids = containerIds(context.globals.root)
  if (settings.quiet) return ids.map(id => `${id}\n`).join('')
  const states = ids.flatMap(id => stateOrNothing(context.globals.root, id))
  return settings.format === 'json' ? `${plainJson(JSON.stringify(states))}\n` : table(states)
}

type State = ReturnType<typeof stateOf>

const ownerOf = (stateDir: string): string => {
  const { uid } = statSync(stateDir)
  return uid === 0 ? 'root' : `${uid}`
}

/** One that goes away while we look, or whose state is damaged, does not keep the others from being shown. */
const stateOrNothing = (root: string, id: string): readonly State[] => {
  try {
    const container = readContainer(root, id)
    return [{ ...stateOf(container), owner: ownerOf(container.stateDir) }]
  } catch {
    return []
  }
}

const table = (states: readonly State[]): string =>
  textTable([
    ['ID', 'PID', 'STATUS', 'BUNDLE', 'CREATED', 'OWNER'],
    ...states.map(({ id, pid, status, bundle, created, owner }) => [
      id,
      `${pid}`,
      status,
      plain(bundle),
      plain(`${created}`),
      plain(`${owner}`),
    ]),
  ])
