import { prepareExec, readContainer } from '@tsbox/runtime'
import { describeOptions, readOptions } from '../../option.ts'
import { reportWarnings } from '../../report/oci-log.ts'
import { type Context, handbackOf } from './context.ts'
import { EXEC_OPTIONS, newExecSettings } from './exec-options.ts'
import { execProcess } from './exec-process.ts'
import { runPlan } from './launch-plan.ts'
import { usage } from './words.ts'

/** `exec`: what follows the id belongs to the program. */
export const execVerb = async (context: Context): Promise<number | string> => {
  const settings = newExecSettings()
  const { rest, help } = readOptions(context.args, EXEC_OPTIONS, settings)
  if (help) return HELP()
  const [id, ...words] = rest
  if (id === undefined) throw usage('exec', 'ID is missing')
  const container = readContainer(context.globals.root, id)
  const process = execProcess(settings, words[0] === '--' ? words.slice(1) : words, container.config)
  const { plan, warnings } = prepareExec(container, process, {
    ...settings,
    cgroup: settings.cgroup,
    ownCgroup: settings.ownCgroup,
    handback: handbackOf(context),
  })
  reportWarnings(warnings, context.globals)
  return runPlan(plan, settings.preserveFds)
}

const HELP = () => `Usage: tsbox exec [options] ID CMD [ARG…]

Run another program in a container that runs.

${describeOptions(EXEC_OPTIONS)}

Example: sudo tsbox exec -t web sh
`
