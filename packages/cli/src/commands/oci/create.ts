import { type CreateOptions, prepareCreate } from '@tsbox/runtime'
import { describeOptions, type OptionRow } from '../../option.ts'
import { reportWarnings } from '../../report/oci-log.ts'
import { ATTACH_OPTIONS, type AttachSettings, newAttachSettings } from './attach-options.ts'
import { type Context, handbackOf, laterHandback, readVerb } from './context.ts'
import { runPlan } from './launch-plan.ts'
import { exactly } from './words.ts'

interface CreateSettings extends AttachSettings {
  bundle: string
  noPivot: boolean
  detach: boolean
}

const CREATE_OPTIONS: readonly OptionRow<CreateSettings>[] = [
  {
    name: 'bundle',
    short: 'b',
    value: 'DIR',
    group: 'create',
    help: 'the directory with config.json; default: this one',
    set: (s, v) => {
      s.bundle = v
    },
  },
  {
    name: 'no-pivot',
    group: 'create',
    help: 'mount over the old root instead of leaving it (initial ramfs)',
    set: s => {
      s.noPivot = true
    },
  },
  ...ATTACH_OPTIONS,
]

const DETACH: OptionRow<CreateSettings> = {
  name: 'detach',
  short: 'd',
  group: 'create',
  help: 'return once the program runs',
  set: s => {
    s.detach = true
  },
}

const newSettings = (): CreateSettings => ({
  ...newAttachSettings(),
  bundle: '.',
  noPivot: false,
  detach: false,
})

/** `create` and `run --bundle`: what differs is whether init waits at the gate. */
const make = async (
  context: Context,
  table: readonly OptionRow<CreateSettings>[],
  mode: (settings: CreateSettings) => CreateOptions['mode'],
): Promise<number | string> => {
  const settings = newSettings()
  const { words, help } = readVerb(context, table, settings)
  if (help) return helpText(context.verb, table)
  const [id] = exactly(words, ['ID'], context.verb)
  const { plan, warnings } = prepareCreate({
    ...settings,
    root: context.globals.root,
    systemd: context.globals.systemd,
    id,
    mode: mode(settings),
    handback: handbackOf(context),
    laterHandback: laterHandback(),
  })
  reportWarnings(warnings, context.globals)
  return runPlan(plan, settings.preserveFds)
}

export const createVerb = (context: Context) => make(context, CREATE_OPTIONS, () => 'create')

export const runVerb = (context: Context) =>
  make(context, [...CREATE_OPTIONS, DETACH], ({ detach }) => (detach ? 'detached' : 'foreground'))

const helpText = (verb: string, table: readonly OptionRow<CreateSettings>[]): string =>
  verb === 'create'
    ? `Usage: tsbox create [options] ID

Make a container from a bundle; its program waits for \`tsbox start\`.

${describeOptions(table)}

Example: sudo tsbox create --bundle /containers/web web
`
    : `Usage: tsbox run --bundle DIR [options] ID

Make a container from a bundle, start it, and end like its program.

${describeOptions(table)}

Example: sudo tsbox run --bundle /containers/web web
`
