import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { command, type Outcome } from '../../helpers/command.ts'

export interface VerbOptions {
  readonly cwd?: string | undefined
  readonly env?: NodeJS.ProcessEnv | undefined
  /** Where its output goes; what it leaves running writes there too. */
  readonly outputs: string
  /** Descriptors of this process for its 3, 4, …. */
  readonly fds?: readonly number[] | undefined
  /** Text for its standard input. */
  readonly input?: string | undefined
  /** Milliseconds after which it is killed. */
  readonly patience?: number | undefined
  /** Words in front of the command: a program that runs it. */
  readonly before?: readonly string[] | undefined
}

/** Standard output and error of a verb, and of the program it started, up to now. */
export const outputsOf = (outputs: string): { readonly stdout: string; readonly stderr: string } => ({
  stdout: readFileSync(`${outputs}.out`, 'utf8'),
  stderr: readFileSync(`${outputs}.err`, 'utf8'),
})

/**
 * Runs a verb to its own end. Its output goes to files, because a pipe would stay open as long as the container that was started
 * with it lives.
 */
export const runVerb = async (args: readonly string[], options: VerbOptions): Promise<Outcome> => {
  const { outputs, fds = [], input, patience = 60_000, before = [] } = options
  const out = openSync(`${outputs}.out`, 'w')
  const err = openSync(`${outputs}.err`, 'w')
  const [file = '', ...words] = [...before, command(), ...args]
  try {
    const child = spawn(file, words, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: [input === undefined ? 'ignore' : 'pipe', out, err, ...fds],
    })
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
    const timer = setTimeout(() => child.kill('SIGKILL'), patience)
    const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (...ended) => resolve(ended))
    })
    clearTimeout(timer)
    return { ...outputsOf(outputs), status, signal }
  } finally {
    closeSync(out)
    closeSync(err)
  }
}
