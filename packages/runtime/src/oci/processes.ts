import { groupPids } from '@tsbox/cgroups'
import { groupDirs } from './pause.ts'
import { statusOf } from './status.ts'
import type { StoredContainer } from './store.ts'
import { wrongState } from './wrong-state.ts'

/**
 * Every process of a container by its number on the host, those too that joined it.
 *
 * @throws TsboxError ERR_TSBOX_STATE for one that has stopped
 */
export const processesOf = (container: StoredContainer): readonly number[] => {
  const { status, process } = statusOf(container)
  if (process === undefined) throw wrongState(container.kept.id, status, 'it has no processes any more')
  return groupPids(groupDirs(container), { recursive: true })
}

/**
 * The directories of the group of a container that lives.
 *
 * @throws TsboxError ERR_TSBOX_STATE for one that has stopped
 */
export const livingGroup = (container: StoredContainer): ReturnType<typeof groupDirs> => {
  const { status, process } = statusOf(container)
  if (process === undefined) throw wrongState(container.kept.id, status, 'it uses nothing any more')
  return groupDirs(container)
}
