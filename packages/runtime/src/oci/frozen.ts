import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { type GroupDir, groupState } from '@tsbox/cgroups'
import { TsboxError } from '@tsbox/errors'

/** The group, or what there is above it already: what is made below something frozen is frozen too. */
const nearest = (dir: GroupDir): GroupDir => {
  let { path } = dir
  while (path !== dir.mount && !existsSync(path)) path = dirname(path)
  return { ...dir, path }
}

/**
 * Nobody is put into a group that stands still: init would stop there for good, and with it all who wait for it.
 *
 * @throws TsboxError ERR_TSBOX_CGROUP
 */
export const refuseFrozen = (dirs: readonly GroupDir[]): void => {
  const freezing = dirs.filter(dir => dir.version === 2 || dir.controllers.includes('freezer'))
  if (groupState(freezing.map(nearest)) === 'thawed') return
  throw new TsboxError('ERR_TSBOX_CGROUP', 'linux.cgroupsPath: the group, or one above it, is frozen', {
    hint: 'Thaw it, or name another group.',
    step: 'linux.cgroupsPath',
  })
}
