import { readdirSync, readFileSync } from 'node:fs'

/** A process that cannot be mistaken for a later one with the same number. */
export type ProcessId = { readonly pid: number; readonly started: string }

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // it ended between two looks
  }
}

/** Start time in clock ticks since boot; undefined for a process that is gone or a zombie. proc_pid_stat(5) */
const startOf = (pid: number): string | undefined => {
  const stat = read(`/proc/${pid}/stat`)
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields === undefined || fields[0] === 'Z' ? undefined : fields[19]
}

export const identify = (pid: number): ProcessId | undefined => {
  const started = startOf(pid)
  return started === undefined ? undefined : { pid, started }
}

export const isAlive = ({ pid, started }: ProcessId): boolean => startOf(pid) === started

/** Sends a signal to exactly that process; one that is gone is no error. */
export const send = (target: ProcessId, signal: NodeJS.Signals): void => {
  if (!isAlive(target)) return
  try {
    process.kill(target.pid, signal)
  } catch {
    // it ended in between
  }
}

const childrenOf = (pid: number): readonly number[] => {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap(thread =>
      (read(`/proc/${pid}/task/${thread}/children`) ?? '').split(' ').filter(Boolean).map(Number),
    )
  } catch {
    return []
  }
}

/** A process and everything below it. Needs CONFIG_PROC_CHILDREN. */
export const treeOf = (pid: number): readonly number[] => [pid, ...childrenOf(pid).flatMap(treeOf)]

/** Every process there is. */
export const allProcesses = (): readonly number[] =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)

/** Processes that carry `mark` in their environment, wherever they hang in the tree. */
export const markedWith = (mark: string): readonly number[] =>
  allProcesses().filter(pid => read(`/proc/${pid}/environ`)?.split('\0').includes(mark))

/** The words a process was started with. */
export const wordsOf = (pid: number): readonly string[] =>
  (read(`/proc/${pid}/cmdline`) ?? '').split('\0').slice(0, -1)

/** Proportional share of memory, in KiB; 0 for a process that is gone. proc_pid_smaps(5), smaps_rollup */
export const pssOf = (pid: number): number =>
  Number(/^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')?.[1] ?? 0)
