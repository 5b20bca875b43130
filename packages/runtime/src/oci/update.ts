import { applyResources, detectHost, readerOf, resourceWrites } from '@tsbox/cgroups'
import type { OciResources } from '@tsbox/spec'
import { groupDirs } from './pause.ts'
import { updateScope } from './scope.ts'
import { statusOf } from './status.ts'
import type { StoredContainer } from './store.ts'
import { wrongState } from './wrong-state.ts'

/**
 * Changes limits of a container that lives; those not named stay, and devices always do, as with other runtimes.
 *
 * @throws TsboxError ERR_TSBOX_STATE for one that has stopped, ERR_TSBOX_CONTROLLER, ERR_TSBOX_SPEC, ERR_TSBOX_CGROUP naming the
 *   field
 */
export const updateContainer = (container: StoredContainer, resources: OciResources): void => {
  const { status, process } = statusOf(container)
  if (process === undefined) throw wrongState(container.kept.id, status, 'only what runs has limits')
  const [host, dirs] = [detectHost(), groupDirs(container)]
  applyResources({ host, dirs, resources })
  const { unit } = container.kept
  if (unit !== undefined) updateScope(unit, resourceWrites(host, resources, { current: readerOf(dirs) }))
}
