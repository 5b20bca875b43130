import { prepareStart, readContainer } from '@tsbox/runtime'
import { type Context, handbackOf, readVerb } from './context.ts'
import { runPlan } from './launch-plan.ts'
import { exactly } from './words.ts'

const HELP = `Usage: tsbox start ID

Run the program of a container that was created.

Example: sudo tsbox start web
`

/** `start`: usually the command's front door runs the written plan, and this program is not asked. */
export const startVerb = async (context: Context): Promise<number | string> => {
  const { words, help } = readVerb(context, [], {})
  if (help) return HELP
  const [id] = exactly(words, ['ID'], 'start')
  return runPlan(prepareStart(readContainer(context.globals.root, id), handbackOf(context)))
}
