import { childGroups, readText, removeGroupDir } from './files.ts'
import { retryUntil, type WaitOptions } from './wait.ts'

/** A group's directory and all below it, outermost first. */
export const withDescendants = async (path: string): Promise<readonly string[]> => {
  const found = [path]
  for (const dir of found) found.push(...(await childGroups(dir)))
  return found
}

export interface Processes {
  readonly pids: ReadonlySet<number>
  /** Whether there are others, which our pid namespace cannot see. */
  readonly hidden: boolean
}

/** The processes in some directories' `cgroup.procs`, each once. */
export const processesIn = async (dirs: readonly string[]): Promise<Processes> =>
  processesOf(await Promise.all(dirs.map(dir => readText(`${dir}/cgroup.procs`))))

/**
 * The processes that texts of `cgroup.procs` files name. The kernel writes 0 for one that our pid namespace cannot see.
 * That must never get among the ids: 0 means "my own process group" to kill(2).
 */
export const processesOf = (texts: readonly (string | undefined)[]): Processes => {
  const lines = texts.flatMap(text => text?.split('\n') ?? []).filter(line => line !== '')
  const pids = new Set(lines.map(Number))
  return { hidden: pids.delete(0), pids }
}

const removeInside = async (path: string): Promise<void> => {
  for (const child of await childGroups(path)) {
    if ((await removeGroupDir(child)) === 'busy') {
      await removeInside(child)
      await removeGroupDir(child)
    }
  }
}

/**
 * Removes a directory and the groups its processes made inside it, innermost first, as long as something is busy and time
 * is left. A process that has just been killed keeps its group busy for a moment.
 */
export const removeTree = async (path: string, options: WaitOptions): Promise<boolean> =>
  retryUntil(async () => {
    if ((await removeGroupDir(path)) === 'gone') return true
    await removeInside(path)
    return (await removeGroupDir(path)) === 'gone'
  }, options)
