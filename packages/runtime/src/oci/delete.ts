import { detectHost, type GroupDir, openContainer } from '@tsbox/cgroups'
import { isTsboxError } from '@tsbox/errors'
import { type Handback, planDelete } from '@tsbox/plan'
import type { Plan } from '@tsbox/protocol'
import type { OciConfig } from '@tsbox/spec'
import { salvagedGroup } from './salvage.ts'
import { scopeEnd } from './scope.ts'
import { statusOf } from './status.ts'
import { type Kept, readContainer, stateDirOf } from './store.ts'
import { checkStateDir } from './trust.ts'
import { wrongState } from './wrong-state.ts'

/** A configuration that asks for nothing: of a container whose own cannot be read. */
const NOTHING: OciConfig = { ociVersion: '1.2.0', root: { path: '/' }, linux: {} }

const dirsOf = (path: string): readonly GroupDir[] => {
  try {
    return openContainer(detectHost(), path)
  } catch (error) {
    if (isTsboxError(error)) return []
    throw error
  }
}

const groupOf = ({ groupPath, unit }: Pick<Kept, 'groupPath' | 'unit'>) =>
  groupPath === undefined
    ? undefined
    : { path: groupPath, dirs: dirsOf(groupPath), scope: unit === undefined ? undefined : scopeEnd(unit) }

/**
 * Plans the removal of a container, or nothing when there is none and it is forced.
 *
 * @throws TsboxError ERR_TSBOX_NO_CONTAINER, ERR_TSBOX_STATE when it is not stopped and not forced, or not ours
 */
export const prepareDelete = (
  { root, id }: { readonly root: string; readonly id: string },
  { force, handback }: { readonly force: boolean; readonly handback: Handback },
): Plan | undefined => {
  const stateDir = stateDirOf(root, id)
  checkStateDir(root, stateDir)
  const container = force ? readAtAnyRate(root, id) : readContainer(root, id)
  if (container === undefined) return undefined
  const { kept, config } = container
  const { status, process } = statusOf({ stateDir, kept })
  if (!force && status !== 'stopped')
    throw wrongState(id, status, 'stop it first (`tsbox kill`), or say --force')
  const group = groupOf(kept)
  return planDelete({
    id,
    bundle: kept.bundle,
    config,
    stateDir,
    group,
    handback,
    direct: true,
    forced: force,
    end: force && (group === undefined || group.dirs.length === 0) ? process : undefined,
  })
}

/** What cannot be read any more can be removed all the same, as far as it is known; what has gone, need not be. */
const readAtAnyRate = (root: string, id: string) => {
  try {
    return readContainer(root, id)
  } catch (error) {
    if (isTsboxError(error, 'ERR_TSBOX_NO_CONTAINER')) return undefined
    if (!isTsboxError(error, 'ERR_TSBOX_STATE')) throw error
    return { kept: salvage(root, id), config: NOTHING }
  }
}

/** The one fact that matters of a damaged state: where its processes may be. */
const salvage = (root: string, id: string): Kept => ({
  id,
  bundle: '',
  rootfs: '',
  created: '',
  groupPath: salvagedGroup(stateDirOf(root, id), id),
})
