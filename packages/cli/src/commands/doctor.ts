import { TsboxError } from '@tsbox/errors'
import { describeOptions, type OptionRow, readOptions } from '../option.ts'
import { doctorText } from '../report/doctor.ts'
import { type Check, examine } from './doctor-checks.ts'

interface DoctorSettings {
  json: boolean
}

const OPTIONS: readonly OptionRow<DoctorSettings>[] = [
  {
    name: 'json',
    group: 'tell',
    help: 'as JSON',
    set: settings => {
      settings.json = true
    },
  },
]

/** `tsbox doctor`: what this host can and cannot do, with the fix for each. Status 1 when a box cannot run here. */
export const doctorCommand = async (args: readonly string[]): Promise<{ text: string; status: number }> => {
  const settings: DoctorSettings = { json: false }
  const { rest, help } = readOptions(args, OPTIONS, settings)
  if (help) return { text: HELP(), status: 0 }
  if (rest.length > 0) {
    throw new TsboxError('ERR_TSBOX_USAGE', `doctor takes no ${JSON.stringify(rest[0])}`, {
      hint: 'Write tsbox doctor, or tsbox doctor --json.',
      step: 'doctor',
    })
  }
  const checks: readonly Check[] = await examine()
  const status = checks.some(({ state }) => state === 'missing') ? 1 : 0
  return { text: settings.json ? `${JSON.stringify(checks, null, 2)}\n` : doctorText(checks), status }
}

const HELP = () => `Usage: tsbox doctor [--json]

Say what this host can and cannot do, and how to change that.

${describeOptions(OPTIONS)}

Example: sudo tsbox doctor
`
