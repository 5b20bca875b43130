import { isTsboxError, TsboxError } from '@tsbox/errors'
import { makeGroupDir, readText, removeGroupDir, writeValue } from './files.ts'
import { ancestorsOf } from './group-path.ts'
import type { CgroupHost, Controller } from './host.ts'
import { enableWrites, type GroupDir } from './layout.ts'

/** Which parents of a group go with it once they are empty: none, those this process made, or all. */
export type Prune = boolean | 'always'

/** How often a group's parents may be removed by others while it is being made. */
const MOST_ATTEMPTS = 100

/**
 * The parents this process has made. Whichever of its groups is deleted last takes them along, so parents shared by many
 * groups go away with the last, whoever made them.
 */
const madeParents = new Map<string, symbol>()

const groupPathOf = (dir: GroupDir): string => dir.path.slice(dir.mount.length)
const parentsOf = (dir: GroupDir): readonly string[] =>
  ancestorsOf(groupPathOf(dir)).map(path => dir.mount + path)

/**
 * Removes parents innermost first, as far as they are empty: those this process made, or with 'always' whoever made
 * them.
 */
export const pruneParents = async (dir: GroupDir, prune: Prune): Promise<void> => {
  if (prune === false) return
  for (const parent of parentsOf(dir).toReversed()) {
    const made = madeParents.get(parent)
    if (made === undefined && prune !== 'always') return
    if ((await removeGroupDir(parent)) === 'busy') return
    // It may have been made again, by another create(), before we learned that it was gone.
    if (madeParents.get(parent) === made) madeParents.delete(parent)
  }
}

const makeParents = async (dir: GroupDir): Promise<void> => {
  for (const parent of parentsOf(dir)) {
    const outcome = await makeGroupDir(parent)
    if (outcome === 'made') madeParents.set(parent, Symbol(parent))
    if (outcome === 'orphan') return
  }
}

/**
 * Makes one of a group's directories, and those above it where they are missing. Another process may remove a shared
 * parent as long as ours is not in it yet, so a missing parent means starting again. Once ours exists it pins them.
 *
 * @throws TsboxError ERR_TSBOX_CGROUP when the group exists already
 */
export const makeDir = async (dir: GroupDir): Promise<void> => {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const outcome = await makeGroupDir(dir.path)
    if (outcome === 'made') return
    if (outcome === 'taken') {
      throw new TsboxError('ERR_TSBOX_CGROUP', `the group ${groupPathOf(dir)} exists already (${dir.path})`, {
        hint: 'choose another name, or take it over with Cgroup.open()',
        step: 'path',
      })
    }
    await makeParents(dir)
  }
  throw new TsboxError('ERR_TSBOX_CGROUP', `the parents of ${dir.path} kept disappearing`, {
    hint: 'something else removes them all the time: use a parent of your own',
    step: 'path',
  })
}

/** v2: has every directory above pass the group's controllers down, where it does not yet. */
export const enableControllers = async (host: CgroupHost, dir: GroupDir): Promise<void> => {
  for (const { file, value } of enableWrites(host, dir)) {
    const enabled = ((await readText(file)) ?? '').trim().split(' ')
    const missing = value.split(' ').filter(name => !enabled.includes(name.slice(1)))
    if (missing.length > 0) await writeValue(file, missing.join(' '))
  }
}

const isRefusal = (error: unknown): boolean => isTsboxError(error, 'ERR_TSBOX_CGROUP')

/**
 * The same for a new group, where only some controllers are `needed` and the others are good to have: where this user may
 * not pass one of those down, as in a delegated part of the tree, the group does without.
 */
export const enableForNew = async (
  host: CgroupHost,
  dir: GroupDir,
  needed: readonly Controller[],
): Promise<void> => {
  try {
    return await enableControllers(host, dir)
  } catch (error) {
    if (!isRefusal(error)) throw error
  }
  await enableControllers(host, {
    ...dir,
    controllers: dir.controllers.filter(name => needed.includes(name)),
  })
  for (const name of dir.controllers) {
    try {
      await enableControllers(host, { ...dir, controllers: [name] })
    } catch (error) {
      if (!isRefusal(error)) throw error
    }
  }
}

/** v1: gives a new cpuset, and new ones above it, what the one above each has. Those with values keep them. */
export const seedCpuset = async (dir: GroupDir): Promise<void> => {
  if (dir.version !== 1 || !dir.controllers.includes('cpuset')) return
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    let inherited = (await readText(`${dir.mount}/${file}`))?.trim() ?? ''
    for (const path of [...parentsOf(dir), dir.path]) {
      const own = (await readText(`${path}/${file}`))?.trim() ?? ''
      if (own === '') await writeValue(`${path}/${file}`, inherited)
      else inherited = own
    }
  }
}
