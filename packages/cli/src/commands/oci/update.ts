import { readFileSync } from 'node:fs'
import { parseSize } from '@tsbox/cgroups'
import { TsboxError } from '@tsbox/errors'
import { readContainer, updateContainer } from '@tsbox/runtime'
import { type OciResources, parseResources } from '@tsbox/spec'
import { describeOptions, type OptionRow } from '../../option.ts'
import { type Context, readVerb } from './context.ts'
import { exactly } from './words.ts'

interface UpdateSettings {
  resources?: string
  readonly given: Record<string, Record<string, unknown>>
}

/** A limit as an option: its place in the resources, and how its text is read. */
interface LimitRow {
  readonly name: string
  readonly at: readonly [group: string, field: string]
  readonly read: (text: string, option: string) => unknown
  readonly help: string
}

const number = (text: string, option: string): number => {
  const value = Number(text)
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(value)) return value
  throw new TsboxError('ERR_TSBOX_USAGE', `${option}: ${JSON.stringify(text)} is not a whole number`, {
    hint: `Write ${option} N.`,
    step: option,
  })
}

const bytes = (text: string, option: string): number => (text === '-1' ? -1 : parseSize(text, option))
const list = (text: string): string => text

const LIMITS: readonly LimitRow[] = [
  { name: 'memory', at: ['memory', 'limit'], read: bytes, help: 'memory' },
  { name: 'memory-reservation', at: ['memory', 'reservation'], read: bytes, help: 'memory it is left' },
  { name: 'memory-swap', at: ['memory', 'swap'], read: bytes, help: 'memory and swap together' },
  { name: 'pids-limit', at: ['pids', 'limit'], read: number, help: 'processes and threads' },
  { name: 'cpu-period', at: ['cpu', 'period'], read: number, help: 'µs of a period' },
  { name: 'cpu-quota', at: ['cpu', 'quota'], read: number, help: 'µs of processor in each period' },
  { name: 'cpu-burst', at: ['cpu', 'burst'], read: number, help: 'µs that may be saved up' },
  { name: 'cpu-share', at: ['cpu', 'shares'], read: number, help: 'share; an ordinary one is 1024' },
  { name: 'cpu-idle', at: ['cpu', 'idle'], read: number, help: '1: only when nobody else wants it' },
  { name: 'cpu-rt-period', at: ['cpu', 'realtimePeriod'], read: number, help: 'µs, real time' },
  { name: 'cpu-rt-runtime', at: ['cpu', 'realtimeRuntime'], read: number, help: 'µs, real time' },
  { name: 'cpuset-cpus', at: ['cpu', 'cpus'], read: list, help: 'which processors' },
  { name: 'cpuset-mems', at: ['cpu', 'mems'], read: list, help: 'which memory nodes' },
  { name: 'blkio-weight', at: ['blockIO', 'weight'], read: number, help: '10 to 1000' },
  { name: 'kernel-memory', at: ['memory', 'kernel'], read: bytes, help: 'memory of the kernel (old)' },
  { name: 'kernel-memory-tcp', at: ['memory', 'kernelTCP'], read: bytes, help: 'of its sockets (old)' },
]

const UPDATE_OPTIONS: readonly OptionRow<UpdateSettings>[] = [
  {
    name: 'resources',
    short: 'r',
    value: 'FILE',
    group: 'file',
    help: 'linux.resources as JSON; - for standard input',
    set: (s, v) => {
      s.resources = v
    },
  },
  ...LIMITS.map(
    ({ name, at: [group, field], read, help }): OptionRow<UpdateSettings> => ({
      name,
      value: 'N',
      group: 'limits',
      help,
      set: (s, v) => {
        s.given[group] = { ...s.given[group], [field]: read(v, `--${name}`) }
      },
    }),
  ),
]

/** `update`: limits that are not named stay as they are; so do devices. */
export const updateVerb = (context: Context): number | string => {
  const settings: UpdateSettings = { given: {} }
  const { words, help } = readVerb(context, UPDATE_OPTIONS, settings)
  if (help) return HELP()
  const [id] = exactly(words, ['ID'], 'update')
  const container = readContainer(context.globals.root, id)
  updateContainer(container, resourcesOf(settings))
  return 0
}

const resourcesOf = ({ resources, given }: UpdateSettings): OciResources => {
  if (resources === undefined) return parseResources(JSON.stringify(given))
  try {
    return parseResources(readFileSync(resources === '-' ? 0 : resources, 'utf8'))
  } catch (cause) {
    if (cause instanceof TsboxError) throw cause
    throw new TsboxError('ERR_TSBOX_USAGE', `--resources: ${(cause as Error).message}`, {
      hint: 'Name a file with resources as config.json has them.',
      step: '--resources',
      cause,
    })
  }
}

const HELP = () => `Usage: tsbox update [options] ID

Change the limits of a container while it runs.

${describeOptions(UPDATE_OPTIONS)}

Example: sudo tsbox update --memory 256Mi --pids-limit 100 web
`
