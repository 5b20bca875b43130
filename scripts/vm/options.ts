import { parseArgs } from 'node:util'

export interface RunOptions {
  readonly timeoutSeconds: number
  /** Leave the run's directory (console log, images) in place, and say where it is. */
  readonly keep: boolean
  readonly kernelArguments: readonly string[]
  readonly command: readonly string[]
}

export const USAGE = `usage: npx node scripts/vm/run.mts [--timeout SECONDS] [--keep] [--kernel-arg ARG]... -- COMMAND...`

/** @throws {TypeError} for a command line `USAGE` does not describe */
export function parseOptions(argv: readonly string[]): RunOptions {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      timeout: { type: 'string', default: '600' },
      keep: { type: 'boolean', default: false },
      'kernel-arg': { type: 'string', multiple: true, default: [] },
    },
  })
  const timeoutSeconds = Number(values.timeout)
  if (!(timeoutSeconds > 0)) throw new TypeError(`--timeout takes a number of seconds, not ${values.timeout}`)
  if (positionals.length === 0) throw new TypeError('no command given')
  return { timeoutSeconds, keep: values.keep, kernelArguments: values['kernel-arg'], command: positionals }
}
