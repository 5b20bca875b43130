import { rmSync } from 'node:fs'
import { detectHost, freezeGroup, type GroupDir, openContainer, thawGroup } from '@tsbox/cgroups'
import { TsboxError } from '@tsbox/errors'
import { statusOf } from './status.ts'
import { STATE_FILES, type StoredContainer } from './store.ts'
import { wrongState } from './wrong-state.ts'

/** The directories of a container's group as they are now. */
export const groupDirs = ({ kept }: Pick<StoredContainer, 'kept'>): readonly GroupDir[] => {
  if (kept.groupPath !== undefined) return openContainer(detectHost(), kept.groupPath)
  throw new TsboxError('ERR_TSBOX_CGROUP', `container ${JSON.stringify(kept.id)} has no cgroup`, {
    hint: 'Run tsbox as root: without it a container gets no group of its own.',
    step: 'cgroup',
  })
}

/**
 * Stops every process of a container where it is.
 *
 * @throws TsboxError ERR_TSBOX_STATE unless it runs
 */
export const pauseContainer = async (container: StoredContainer): Promise<void> => {
  const { status } = statusOf(container)
  if (status !== 'running' && status !== 'created')
    throw wrongState(container.kept.id, status, 'only a container that runs can be paused')
  // Who runs the written plan would wait for an init that stands still; without it `start` looks first, and refuses.
  if (status === 'created') rmSync(`${container.stateDir}/${STATE_FILES.start}`, { force: true })
  await freezeGroup(groupDirs(container), { timeoutMs: 10_000 })
}

/**
 * Lets a paused container run again.
 *
 * @throws TsboxError ERR_TSBOX_STATE unless it is paused
 */
export const resumeContainer = async (container: StoredContainer): Promise<void> => {
  const { status } = statusOf(container)
  if (status !== 'paused')
    throw wrongState(container.kept.id, status, 'only a paused container can be resumed')
  await thawGroup(groupDirs(container))
}
