import { execFileSync } from 'node:child_process'
import { TsboxError } from '@tsbox/errors'
import { processesOf, readContainer } from '@tsbox/runtime'
import { describeOptions, type OptionRow, readOptions } from '../../option.ts'
import { plain } from '../../report/print.ts'
import type { Context } from './context.ts'
import { usage } from './words.ts'

interface PsSettings {
  format: string
}

const PS_OPTIONS: readonly OptionRow<PsSettings>[] = [
  {
    name: 'format',
    short: 'f',
    value: 'table|json',
    group: 'ps',
    help: 'default: table, as ps(1) prints it; json is their numbers',
    set: (s, v) => {
      s.format = v
    },
  },
]

/** `ps`: what follows the id are options of ps(1). */
export const psVerb = (context: Context): string => {
  const settings: PsSettings = { format: 'table' }
  const { rest, help } = readOptions(context.args, PS_OPTIONS, settings)
  if (help) return HELP()
  const [id, ...options] = rest
  if (id === undefined) throw usage('ps', 'ID is missing')
  const pids = processesOf(readContainer(context.globals.root, id))
  if (settings.format === 'json') return `${JSON.stringify(pids)}\n`
  if (settings.format === 'table') return table(pids, options.length > 0 ? options : ['-ef'])
  throw usage('ps', `there is no format ${JSON.stringify(settings.format)}`)
}

/** The lines of ps(1) that are about these processes. */
const table = (pids: readonly number[], options: readonly string[]): string => {
  const [heading = '', ...lines] = runPs(options).split('\n')
  const column = heading.trim().split(/\s+/).indexOf('PID')
  if (column < 0) throw usage('ps', 'these options show no column PID')
  const wanted = new Set(pids)
  const ours = lines.filter(line => wanted.has(Number(line.trim().split(/\s+/)[column])))
  return [heading, ...ours.map(plain), ''].join('\n')
}

const runPs = (options: readonly string[]): string => {
  try {
    return execFileSync('/usr/bin/ps', options, {
      encoding: 'utf8',
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } catch (cause) {
    throw new TsboxError('ERR_TSBOX_HOST', `ps(1) failed: ${(cause as Error).message.trim()}`, {
      hint: 'Install procps, or say --format json.',
      step: 'ps',
      cause,
    })
  }
}

const HELP = () => `Usage: tsbox ps [options] ID [PS OPTIONS]

Print the processes of a container.

${describeOptions(PS_OPTIONS)}

Example: sudo tsbox ps web -o pid,cmd
`
