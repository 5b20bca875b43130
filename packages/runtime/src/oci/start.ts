import { type Handback, planStart } from '@tsbox/plan'
import type { Plan } from '@tsbox/protocol'
import { seccompFilter } from '../seccomp-filter.ts'
import { statusOf } from './status.ts'
import type { StoredContainer } from './store.ts'
import { wrongState } from './wrong-state.ts'

/**
 * Plans the start of a container, as it was planned and written down when the container was created.
 *
 * @throws TsboxError ERR_TSBOX_STATE unless it was created and not yet started
 */
export const prepareStart = ({ stateDir, kept, config }: StoredContainer, handback: Handback): Plan => {
  const { status } = statusOf({ stateDir, kept })
  if (status !== 'created')
    throw wrongState(kept.id, status, 'only one that was created can be started, once')
  const { seccomp } = config.linux
  return planStart({
    id: kept.id,
    bundle: kept.bundle,
    config,
    filter: seccomp === undefined ? undefined : seccompFilter(seccomp),
    stateDir,
    handback,
    direct: true,
  })
}
