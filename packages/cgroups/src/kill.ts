import { TsboxError } from '@tsbox/errors'
import { errnoOf } from './file-error.ts'
import { exists, writeValue } from './files.ts'
import { freezeGroup, thawGroup } from './freeze.ts'
import type { GroupDir } from './layout.ts'
import { type Processes, processesIn, withDescendants } from './tree.ts'
import { retryUntil, type WaitOptions } from './wait.ts'

const everyone = async (dirs: readonly GroupDir[]): Promise<Processes> => {
  const trees = await Promise.all(dirs.map(dir => withDescendants(dir.path)))
  return processesIn(trees.flat())
}

const signal = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (cause) {
    if (errnoOf(cause) === 'ESRCH') return
    throw new TsboxError('ERR_TSBOX_CGROUP', `process ${pid} of the group cannot be killed`, {
      hint: 'run as root, or as the user the process runs as',
      step: 'kill',
      cause,
    })
  }
}

/** A group that cannot be frozen, or not quickly, is signalled as it runs: the loop around this catches what it forks. */
const tryFreeze = async (dirs: readonly GroupDir[]): Promise<void> => {
  try {
    await freezeGroup(dirs, { timeoutMs: 500 })
  } catch (error) {
    if (!(error instanceof TsboxError)) throw error
  }
}

/** A group may be removed by someone else once it is empty, between two of our steps. */
const thawIfThere = async (dirs: readonly GroupDir[]): Promise<void> => {
  try {
    await thawGroup(dirs)
  } catch (error) {
    if ((await everyone(dirs)).pids.size > 0) throw error
  }
}

/** Nothing forks while it is frozen, so one round gets all; thawing lets the signals work. */
const signalAll = async (dirs: readonly GroupDir[]): Promise<void> => {
  await tryFreeze(dirs)
  try {
    for (const pid of (await everyone(dirs)).pids) signal(pid)
  } finally {
    await thawIfThere(dirs)
  }
}

/**
 * The kernel kills what is in the v2 tree in one step, forks included. Processes that only joined v1 directories are
 * signalled one by one, and v1's freezer must let go of those it holds before any signal works.
 */
const killThroughTree = async (dirs: readonly GroupDir[], tree: GroupDir): Promise<void> => {
  await writeValue(`${tree.path}/cgroup.kill`, '1', 'kill')
  const { pids } = await everyone(dirs)
  const inTree = await processesIn(await withDescendants(tree.path))
  for (const pid of pids) if (!inTree.pids.has(pid)) signal(pid)
  await thawIfThere(dirs)
}

/**
 * Ends every process of the group and of the groups below it with SIGKILL, and waits until none is left: through
 * `cgroup.kill` where there is one (Linux 5.14), else frozen and signalled in turns.
 *
 * @throws TsboxError ERR_TSBOX_CGROUP when some are left after `timeoutMs`
 */
export const killGroup = async (dirs: readonly GroupDir[], options: WaitOptions): Promise<void> => {
  const tree = dirs.find(dir => dir.version === 2)
  const atOnce = tree !== undefined && (await exists(`${tree.path}/cgroup.kill`))
  const drained = await retryUntil(async () => {
    const { pids, hidden } = await everyone(dirs)
    if (pids.size === 0 && !hidden) return true
    await (atOnce ? killThroughTree(dirs, tree) : signalAll(dirs))
    return false
  }, options)
  if (drained) return
  const { pids, hidden } = await everyone(dirs)
  const left = [...pids, ...(hidden ? ['some that this pid namespace cannot see'] : [])]
  throw new TsboxError('ERR_TSBOX_CGROUP', `processes of the group are still there: ${left.join(', ')}`, {
    hint: 'a process inside the kernel dies only when it comes out: look at /proc/PID/stack',
    step: 'kill',
  })
}
