import { isTsboxError, TsboxError } from '@tsbox/errors'
import { describePlan, encode, PLAN_FLAGS } from '@tsbox/protocol'
import { prepare, profileFacts, requireRoot } from '@tsbox/runtime'
import { becomeSupervisor, locateShim } from '@tsbox/shim'
import { type Box, parseBox, parseProfile } from '@tsbox/spec'
import { describeOptions, readOptions } from '../option.ts'
import { ownCommand } from '../own-command.ts'
import { requireUtf8Arguments } from '../utf8.ts'
import type { Wanted } from './handback.ts'
import { outputFile } from './output-file.ts'
import { boxInput } from './run-input.ts'
import { RUN_OPTIONS } from './run-options.ts'
import { newRunSettings, type RunSettings } from './run-settings.ts'

/**
 * `tsbox run`: plans the box and becomes its supervisor. Returns text only when there is nothing to run (--help,
 * --dry-run); otherwise this program is replaced.
 */
export const runCommand = (args: readonly string[]): string => {
  requireUtf8Arguments(args)
  const settings = newRunSettings()
  const { rest, help } = readOptions(args, RUN_OPTIONS, settings)
  if (help) return HELP()
  const box = withProfile(parseBox(boxInput(settings, rest)), settings.profile)
  if (settings.dryRun) return `${describePlan(prepare(box, { lease: false }).plan)}\n`
  requireRoot()
  const wanted: Wanted = {
    timeout: box.timeout,
    receipt: outputFile(settings.receipt, '--receipt'),
    trace: outputFile(settings.trace, '--trace'),
    umask: process.umask(),
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
      argv: [...ownCommand(), 'handback'],
      env: [`TSBOX_HANDBACK=${JSON.stringify(wanted)}`],
      always: wanted.receipt !== undefined || wanted.trace !== undefined,
    },
  })
  return becomeSupervisor(locateShim(), encode(plan, wanted.trace === undefined ? 0 : PLAN_FLAGS.trace))
}

/** A profile's rules may depend on the capabilities the box has in the end. */
const withProfile = (box: Box, profile: RunSettings['profile']): Box => {
  if (profile === undefined) return box
  try {
    return { ...box, seccomp: parseProfile(profile.text, profileFacts(box)) }
  } catch (cause) {
    if (!isTsboxError(cause)) throw cause
    const { code, message, hint, step } = cause
    throw new TsboxError(code, `--security-opt: ${profile.path}: ${message}`, { hint, step, cause })
  }
}

const HELP = () => `Usage: tsbox run [options] [--] CMD [ARG…]

Run a program in a box of its own: namespaces, limits, a throw-away root.

${describeOptions(RUN_OPTIONS)}

Example: sudo tsbox run --memory 64Mi --pids 20 -v "$PWD":/src:ro -w /src sh
`
