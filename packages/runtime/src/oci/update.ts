import { applyResources, detectHost } from '@tsbox/cgroups'
import type { OciResources } from '@tsbox/spec'
import { groupDirs } from './pause.ts'
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
  applyResources({ host: detectHost(), dirs: groupDirs(container), resources })
}
