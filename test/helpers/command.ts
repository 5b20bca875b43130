import { execFileSync, type SpawnOptions, spawn } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..', '..')
const PREFIX = join(ROOT, 'build', 'test-prefix')

/** The installed command; `TSBOX` names another one. Installed once by whichever test asks first. */
export const command = (): string => {
  if (process.env.TSBOX !== undefined) return process.env.TSBOX
  const path = join(PREFIX, 'bin', 'tsbox')
  if (!installed) install(path)
  return path
}

let installed = false

/** Tests run in several processes: a directory is the lock, and `make install` renames each file into place. */
const install = (path: string): void => {
  const lock = `${PREFIX}.lock`
  for (let attempt = 0; attempt < 600; attempt++) {
    try {
      mkdirSync(lock)
      break
    } catch {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
    }
  }
  try {
    execFileSync('make', ['install', `PREFIX=${PREFIX}`, 'DESTDIR='], { cwd: ROOT, stdio: 'ignore' })
    if (!existsSync(path)) throw new Error(`make install did not make ${path}`)
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
  installed = true
}

export interface Outcome {
  readonly stdout: string
  readonly stderr: string
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
}

export interface CommandOptions extends Pick<SpawnOptions, 'cwd' | 'env'> {
  readonly input?: string
  /** Milliseconds after which the command is killed and the test fails. */
  readonly patience?: number
}

/** Runs a program to its end. */
export const outcomeOf = (
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: options.cwd, env: options.env, stdio: ['pipe', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    const timer = setTimeout(() => child.kill('SIGKILL'), options.patience ?? 30_000)
    child.stdout.on('data', chunk => {
      stdout += chunk
    })
    child.stderr.on('data', chunk => {
      stderr += chunk
    })
    child.stdin.on('error', () => {})
    child.stdin.end(options.input ?? '')
    child.once('error', reject)
    child.once('close', (status, signal) => {
      clearTimeout(timer)
      resolve({ stdout, stderr, status, signal })
    })
  })

/** `tsbox ARGS…` to its end, without a terminal. */
export const tsbox = (args: readonly string[], options?: CommandOptions): Promise<Outcome> =>
  outcomeOf(command(), args, options)
