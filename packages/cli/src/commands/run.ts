import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { TsboxError } from '@tsbox/errors'
import { describePlan, encode, PLAN_FLAGS } from '@tsbox/protocol'
import { prepare, requireRoot } from '@tsbox/runtime'
import { becomeSupervisor, locateShim } from '@tsbox/shim'
import { parseBox } from '@tsbox/spec'
import { describeOptions, readOptions } from '../option.ts'
import { requireUtf8Arguments } from '../utf8.ts'
import type { Wanted } from './handback.ts'
import { boxInput } from './run-input.ts'
import { RUN_OPTIONS } from './run-options.ts'
import { newRunSettings } from './run-settings.ts'
import { hostPath } from './run-values.ts'

/**
 * `tsbox run`: plans the box and becomes its supervisor. Returns text only when there is nothing to run (--help,
 * --dry-run); otherwise this program is replaced.
 */
export const runCommand = (args: readonly string[]): string => {
  requireUtf8Arguments(args)
  const settings = newRunSettings()
  const { rest, help } = readOptions(args, RUN_OPTIONS, settings)
  if (help) return HELP()
  const box = parseBox(boxInput(settings, rest))
  if (settings.dryRun) return `${describePlan(prepare(box, { lease: false }).plan)}\n`
  requireRoot()
  const wanted: Wanted = {
    timeout: box.timeout,
    receipt: outputFile(settings.receipt, '--receipt'),
    trace: outputFile(settings.trace, '--trace'),
  }
  if (wanted.receipt !== undefined && wanted.receipt === wanted.trace) {
    throw new TsboxError('ERR_TSBOX_USAGE', '--receipt and --trace name the same file', {
      hint: 'Give each a file of its own.',
      step: 'run',
    })
  }
  const { plan } = prepare(box, {
    lease: false,
    handback: {
      argv: [process.execPath, realpathSync(process.argv[1] ?? ''), 'handback'],
      env: [`TSBOX_HANDBACK=${JSON.stringify(wanted)}`],
      always: wanted.receipt !== undefined || wanted.trace !== undefined,
    },
  })
  return becomeSupervisor(locateShim(), encode(plan, wanted.trace === undefined ? 0 : PLAN_FLAGS.trace))
}

/** Found out before the box runs, not when its receipt has nowhere to go. */
const outputFile = (path: string | undefined, option: string): string | undefined => {
  if (path === undefined) return undefined
  const full = hostPath(path, option)
  try {
    accessSync(dirname(full), constants.W_OK)
    if (statSync(full, { throwIfNoEntry: false })?.isDirectory()) throw new Error('it is a directory')
  } catch (cause) {
    throw new TsboxError(
      'ERR_TSBOX_USAGE',
      `${JSON.stringify(path)} cannot be written: ${(cause as Error).message}`,
      {
        hint: 'Name a file in a directory that exists.',
        step: 'run',
        cause,
      },
    )
  }
  return full
}

const HELP = () => `Usage: tsbox run [options] [--] CMD [ARG…]

Run a program in a box of its own: namespaces, limits, a throw-away root.

${describeOptions(RUN_OPTIONS)}

Example: sudo tsbox run --memory 64Mi --pids 20 -v "$PWD":/src:ro -w /src sh
`
