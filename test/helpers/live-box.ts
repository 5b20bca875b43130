import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { type CommandOptions, command, type Outcome } from './command.ts'

/** A program that is still running. */
export interface Live {
  readonly child: ChildProcess
  /** After `tsbox run` has set its box up, this is the supervisor. */
  readonly pid: number
  readonly ended: Promise<Outcome>
  readonly stdout: () => string
  readonly stderr: () => string
  /** Waits until standard output matches; rejects when the program ends first or patience does. */
  readonly until: (pattern: RegExp) => Promise<RegExpExecArray>
  /** Writes to its standard input, which stays open. */
  readonly type: (text: string) => void
}

/** Starts a program and leaves its standard input open. */
export const startProgram = (file: string, args: readonly string[], options: CommandOptions = {}): Live => {
  const child = spawn(file, args, { cwd: options.cwd, env: options.env, stdio: 'pipe' })
  let stdout = ''
  let stderr = ''
  let over = false
  child.stdout.on('data', chunk => {
    stdout += chunk
  })
  child.stderr.on('data', chunk => {
    stderr += chunk
  })
  child.stdin.on('error', () => {})
  const ended = new Promise<Outcome>((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), options.patience ?? 60_000)
    child.once('error', reject)
    child.once('close', (status, signal) => {
      clearTimeout(timer)
      over = true
      resolve({ stdout, stderr, status, signal })
    })
  })
  const until = async (pattern: RegExp): Promise<RegExpExecArray> => {
    const found = await eventually(() => pattern.exec(stdout) ?? (over ? 'over' : undefined))
    const match = pattern.exec(stdout)
    if (match !== null) return match
    const why = found === 'over' ? 'the program has ended' : 'it takes too long'
    throw new Error(
      `no ${pattern}: ${why}. stdout ${JSON.stringify(stdout)}, stderr ${JSON.stringify(stderr)}`,
    )
  }
  return {
    child,
    pid: child.pid ?? 0,
    ended,
    until,
    stdout: () => stdout,
    stderr: () => stderr,
    type: text => void child.stdin.write(text),
  }
}

/** Starts `tsbox ARGS…`. */
export const startBox = (args: readonly string[], options?: CommandOptions): Live =>
  startProgram(command(), args, options)

/** Asks again until there is an answer or patience is over; the answer, or undefined. A bound, not a measure. */
export const eventually = async <T>(
  ask: () => T | undefined,
  patience = 30_000,
): Promise<NonNullable<T> | undefined> => {
  const end = Date.now() + patience
  for (;;) {
    const answer = ask()
    if (answer !== undefined && answer !== null && answer !== false) return answer as NonNullable<T>
    if (Date.now() > end) return undefined
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

/** Whether a process exists and has not ended: a zombie is dead. */
export const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
  } catch {
    return false
  }
}

/** The program a process runs, or undefined when it has ended. */
export const exeOf = (pid: number): string | undefined => {
  try {
    return readlinkSync(`/proc/${pid}/exe`)
  } catch {
    return undefined
  }
}

export const commOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'latin1').trim()
  } catch {
    return ''
  }
}

/** The children of a process, by number. */
export const childrenOf = (pid: number): readonly number[] => {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    const texts = threads.map(tid => readFileSync(`/proc/${pid}/task/${tid}/children`, 'latin1'))
    return texts.flatMap(text => text.split(' ').filter(Boolean).map(Number))
  } catch {
    return []
  }
}

/** Whether a process is the first of a process namespace below ours. */
const isInit = (pid: number): boolean => {
  try {
    return /^NSpid:\t\d+\t1$/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
  } catch {
    return false
  }
}

/** Who is who of a running box: the supervisor's two children are the box's process 1 and its janitor. */
export const membersOf = (supervisor: number): { readonly janitor?: number; readonly init?: number } => {
  const children = childrenOf(supervisor)
  const init = children.find(isInit)
  const janitor = children.find(pid => !isInit(pid))
  return { ...(janitor === undefined ? {} : { janitor }), ...(init === undefined ? {} : { init }) }
}

/** The supervisor of a box, which holds the lock of its run directory, wherever it was started. */
export const supervisorOf = (name: string): number | undefined => {
  const dir = `/run/tsbox/${name}`
  if (!existsSync(dir)) return undefined
  for (const pid of readdirSync('/proc').filter(entry => /^\d+$/.test(entry))) {
    if (commOf(Number(pid)) !== 'tsbox') continue
    try {
      const fds = readdirSync(`/proc/${pid}/fd`)
      if (fds.some(fd => readlinkSync(`/proc/${pid}/fd/${fd}`) === dir)) return Number(pid)
    } catch {
      // it has ended meanwhile
    }
  }
  return undefined
}
