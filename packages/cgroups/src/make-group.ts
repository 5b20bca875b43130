import { applyWrites } from './apply.ts'
import type { CgroupHost, Controller } from './host.ts'
import type { GroupDir } from './layout.ts'
import { enableForNew, makeDir, type Prune, pruneParents, seedCpuset } from './make.ts'
import { removeTree } from './tree.ts'
import type { LimitWrite } from './writes.ts'

interface Making {
  readonly host: CgroupHost
  readonly dirs: readonly GroupDir[]
  /** The controllers the caller relies on; the others are good to have. */
  readonly needed: readonly Controller[]
  readonly writes: readonly LimitWrite[]
  readonly prune: Prune
}

/** Makes a group's directories and puts its limits on, or leaves nothing behind. */
export const makeGroup = async ({ host, dirs, needed, writes, prune }: Making): Promise<void> => {
  const made: GroupDir[] = []
  try {
    for (const dir of dirs) {
      await makeDir(dir)
      made.push(dir)
      await enableForNew(host, dir, needed)
      await seedCpuset(dir)
    }
    await applyWrites(dirs, writes)
  } catch (error) {
    await Promise.allSettled(made.map(dir => removeTree(dir.path, { timeoutMs: 1000 })))
    await Promise.allSettled(dirs.map(dir => pruneParents(dir, prune)))
    throw error
  }
}
