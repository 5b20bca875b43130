import { prepareSignal, readContainer, signalAll } from '@tsbox/runtime'
import { parseSignal } from '@tsbox/spec'
import { describeOptions, type OptionRow } from '../../option.ts'
import { type Context, handbackOf, readVerb } from './context.ts'
import { runPlan } from './launch-plan.ts'
import { exactly, usage } from './words.ts'

interface KillSettings {
  all: boolean
  cgroup?: string
}

const KILL_OPTIONS: readonly OptionRow<KillSettings>[] = [
  {
    name: 'all',
    short: 'a',
    group: 'kill',
    help: 'every process of the container, not only its first',
    set: s => {
      s.all = true
    },
  },
  {
    name: 'cgroup',
    value: 'NAME',
    group: 'kill',
    help: "every process of a group inside the container's",
    set: (s, v) => {
      s.cgroup = v
    },
  },
]

export const killVerb = async (context: Context): Promise<number | string> => {
  const settings: KillSettings = { all: false }
  const { words, help } = readVerb(context, KILL_OPTIONS, settings)
  if (help) {
    return `Usage: tsbox kill [options] ID [SIGNAL]

Send a signal, TERM unless told otherwise, to a container.

${describeOptions(KILL_OPTIONS)}

Example: sudo tsbox kill web KILL
`
  }
  if (words.length > 2) throw usage('kill', `${JSON.stringify(words[2])} is one word too many`)
  const [id] = exactly(words.slice(0, 1), ['ID'], 'kill')
  const signal = parseSignal(words[1] ?? 'TERM')
  const container = readContainer(context.globals.root, id)
  if (settings.cgroup === undefined && !settings.all)
    return runPlan(prepareSignal(container, signal, handbackOf(context)))
  await signalAll(container, signal, settings.cgroup)
  return 0
}
