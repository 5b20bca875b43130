import { kill } from 'node:process'
import {
  detectHost,
  freezeGroup,
  type GroupDir,
  groupPids,
  groupState,
  openContainer,
  thawGroup,
} from '@tsbox/cgroups'
import { isTsboxError, TsboxError } from '@tsbox/errors'
import { planSignal } from '@tsbox/plan'
import type { Plan } from '@tsbox/protocol'
import { statusOf } from './status.ts'
import type { StoredContainer } from './store.ts'
import { wrongState } from './wrong-state.ts'

/**
 * Plans a signal to a container's init, which the shim holds by a handle: no later process of its number is hit.
 *
 * @throws TsboxError ERR_TSBOX_STATE when it is neither created nor running
 */
export const prepareSignal = (
  container: StoredContainer,
  signal: number,
  handback: { readonly argv: readonly string[]; readonly env: readonly string[] },
): Plan => {
  const { status, process } = statusOf(container)
  if (process === undefined)
    throw wrongState(container.kept.id, status, 'only what runs can be sent a signal')
  return planSignal({ process, signal, handback })
}

/**
 * Sends a signal to every process of a container, those too that joined it, or of a group inside it. They stand still meanwhile, so that none escapes by
 * a fork and no number is given to another. Of a container that has stopped there may be some left, which joined it.
 *
 * @returns how many there were
 * @throws TsboxError ERR_TSBOX_STATE while it is being created, ERR_TSBOX_CGROUP for a group inside it that is not there
 */
export const signalAll = async (
  container: StoredContainer,
  signal: number,
  below?: string,
): Promise<number> => {
  const { kept } = container
  const { status } = statusOf(container)
  if (status === 'creating') throw wrongState(kept.id, status, 'wait until it is there')
  const dirs = below === undefined ? existing(kept.groupPath) : groupsBelow(kept, below)
  if (dirs.length === 0) return 0
  const wasFrozen = groupState(dirs) === 'frozen'
  if (!wasFrozen) await freezeGroup(dirs, { timeoutMs: 2000 }).catch(() => {})
  const pids = groupPids(dirs, { recursive: true })
  for (const pid of pids) send(pid, signal)
  // A killed process can only end when it may run; a paused container stays paused.
  if (!wasFrozen || signal === 9) await thawGroup(dirs)
  return pids.length
}

const groupsBelow = ({ id, groupPath }: StoredContainer['kept'], below: string): readonly GroupDir[] => {
  if (groupPath !== undefined) return openContainer(detectHost(), `${groupPath}/${below}`)
  throw new TsboxError('ERR_TSBOX_CGROUP', `container ${JSON.stringify(id)} has no group of its own`, {
    hint: 'Leave --cgroup out.',
    step: '--cgroup',
  })
}

const existing = (path: string | undefined): readonly GroupDir[] => {
  if (path === undefined) return []
  try {
    return openContainer(detectHost(), path)
  } catch (error) {
    if (isTsboxError(error)) return []
    throw error
  }
}

const send = (pid: number, signal: number): void => {
  try {
    kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
