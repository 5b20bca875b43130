import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { type CommandOptions, command, type Outcome, outcomeOf, tsbox } from './command.ts'

/** Boxes of one test file: each has a name of its own that begins with the marker, for `snapshot(marker)`. */
export interface Boxes {
  readonly marker: string
  /** The command line of the next box. */
  args(options: readonly string[], program: readonly string[]): string[]
  /** Runs the next box to its end. */
  run(options: readonly string[], program: readonly string[], how?: CommandOptions): Promise<Outcome>
}

export const boxesOf = (prefix: string): Boxes => {
  const marker = `${prefix}-${process.pid}`
  let count = 0
  const args = (options: readonly string[], program: readonly string[]) => [
    'run',
    '--name',
    `${marker}-${++count}`,
    ...options,
    '--',
    ...program,
  ]
  return { marker, args, run: (options, program, how) => tsbox(args(options, program), how) }
}

/** A program started by someone careless: the path is open at each of these descriptors, and exec will not close it. */
export const withLeakedFds = async (
  argv: readonly [string, ...string[]],
  { path, fds }: { path: string; fds: readonly number[] },
): Promise<Outcome> => {
  const fd = openSync(path, 'r')
  try {
    const [file, ...args] = argv
    const stdio = Array.from({ length: Math.max(...fds) + 1 }, (_, i) =>
      i === 0 ? 'ignore' : i < 3 ? 'pipe' : fds.includes(i) ? fd : 'ignore',
    ) as ('ignore' | 'pipe' | number)[]
    return await collect(spawn(file, args, { stdio }))
  } finally {
    closeSync(fd)
  }
}

/** The outcome of a program that was started already. */
export const collect = (child: ChildProcess): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    let stdout = ''
    let stderr = ''
    const timer = setTimeout(() => child.kill('SIGKILL'), 30_000)
    child.stdout?.on('data', chunk => {
      stdout += chunk
    })
    child.stderr?.on('data', chunk => {
      stderr += chunk
    })
    child.once('error', reject)
    child.once('close', (status, signal) => {
      clearTimeout(timer)
      resolve({ stdout, stderr, status, signal })
    })
  })

/**
 * Runs a shell script in a mount namespace of its own, which shares nothing with the host's: what it mounts is gone
 * with it. `$TSBOX` is the command.
 */
export const inPrivateMounts = (script: string, env: Record<string, string> = {}): Promise<Outcome> =>
  outcomeOf('unshare', ['-m', '--propagation', 'private', 'sh', '-euc', script], {
    env: { ...process.env, TSBOX: command(), ...env },
  })

/** Runs up to `width` of the jobs at a time, and gives their results in order. */
export const inParallel = async <T, R>(
  items: readonly T[],
  job: (item: T) => Promise<R>,
  width = 3,
): Promise<R[]> => {
  const results: R[] = []
  let next = 0
  const worker = async () => {
    for (let at = next++; at < items.length; at = next++) results[at] = await job(items[at] as T)
  }
  await Promise.all(Array.from({ length: width }, worker))
  return results
}
