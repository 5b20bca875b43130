import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TsboxError } from '@tsbox/errors'
import { specTemplate } from '@tsbox/runtime'
import { describeOptions, type OptionRow } from '../../option.ts'
import { type Context, readVerb } from './context.ts'
import { exactly } from './words.ts'

interface SpecSettings {
  bundle: string
  rootless: boolean
}

const SPEC_OPTIONS: readonly OptionRow<SpecSettings>[] = [
  {
    name: 'bundle',
    short: 'b',
    value: 'DIR',
    group: 'spec',
    help: 'where config.json is written; default: here',
    set: (s, v) => {
      s.bundle = v
    },
  },
  {
    name: 'rootless',
    group: 'spec',
    help: 'for a user who is not root',
    set: s => {
      s.rootless = true
    },
  },
]

/** `spec`: a configuration to begin with. */
export const specVerb = (context: Context): number | string => {
  const settings: SpecSettings = { bundle: '.', rootless: false }
  const { words, help } = readVerb(context, SPEC_OPTIONS, settings)
  if (help) return HELP()
  exactly(words, [], 'spec')
  const path = join(settings.bundle, 'config.json')
  if (existsSync(path)) {
    throw new TsboxError('ERR_TSBOX_USAGE', `${JSON.stringify(path)} exists`, {
      hint: 'Remove it, or name another --bundle.',
      step: 'spec',
    })
  }
  const ids = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
  const text = JSON.stringify(specTemplate(settings.rootless ? ids : undefined), null, '\t')
  writeFileSync(path, `${text}\n`, { flag: 'wx', mode: 0o666 })
  return 0
}

const HELP = () => `Usage: tsbox spec [options]

Write a config.json to begin with.

${describeOptions(SPEC_OPTIONS)}

Example: tsbox spec --bundle /containers/web
`
