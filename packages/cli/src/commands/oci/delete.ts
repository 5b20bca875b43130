import { prepareDelete } from '@tsbox/runtime'
import { describeOptions, type OptionRow } from '../../option.ts'
import { type Context, handbackOf, readVerb } from './context.ts'
import { runPlan } from './launch-plan.ts'
import { exactly } from './words.ts'

interface DeleteSettings {
  force: boolean
}

const DELETE_OPTIONS: readonly OptionRow<DeleteSettings>[] = [
  {
    name: 'force',
    short: 'f',
    group: 'delete',
    help: 'end it first if it runs; one that is not there is no error',
    set: s => {
      s.force = true
    },
  },
]

export const deleteVerb = async (context: Context): Promise<number | string> => {
  const settings: DeleteSettings = { force: false }
  const { words, help } = readVerb(context, DELETE_OPTIONS, settings)
  if (help) {
    return `Usage: tsbox delete [options] ID

Remove a container that has stopped, and all that was made for it.

${describeOptions(DELETE_OPTIONS)}

Example: sudo tsbox delete --force web
`
  }
  const [id] = exactly(words, ['ID'], 'delete')
  const plan = prepareDelete(
    { root: context.globals.root, id },
    { force: settings.force, handback: handbackOf(context) },
  )
  return plan === undefined ? 0 : runPlan(plan)
}
