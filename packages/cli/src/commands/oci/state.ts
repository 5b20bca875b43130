import { readContainer, stateOf } from '@tsbox/runtime'
import { plainJson } from '../../report/print.ts'
import { type Context, readVerb } from './context.ts'
import { exactly } from './words.ts'

const HELP = `Usage: tsbox state ID

Print the state of a container as JSON.

Example: sudo tsbox state web
`

export const stateVerb = (context: Context): string => {
  const { words, help } = readVerb(context, [], {})
  if (help) return HELP
  const [id] = exactly(words, ['ID'], 'state')
  return `${plainJson(JSON.stringify(stateOf(readContainer(context.globals.root, id)), null, 2))}\n`
}
