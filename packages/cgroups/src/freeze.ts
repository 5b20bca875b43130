import { TsboxError } from '@tsbox/errors'
import { readText, writeValue } from './files.ts'
import { numberAfter } from './flat-file.ts'
import type { GroupDir } from './layout.ts'
import { processesIn, withDescendants } from './tree.ts'
import { retryUntil, type WaitOptions } from './wait.ts'

interface Freezers {
  readonly tree: GroupDir | undefined
  readonly freezer: GroupDir | undefined
}

const freezersOf = (dirs: readonly GroupDir[]): Freezers => ({
  tree: dirs.find(dir => dir.version === 2),
  freezer: dirs.find(dir => dir.version === 1 && dir.controllers.includes('freezer')),
})

/**
 * Whether every process of the group's v1 directories is in its v2 directory too, so that freezing that is enough. One
 * that ends between two of the reads looks as if it were not, so it has to be still there in a third.
 */
const treeHoldsAll = async (dirs: readonly GroupDir[], tree: GroupDir): Promise<boolean> => {
  const v1 = dirs.filter(dir => dir.version === 1).map(dir => dir.path)
  if (v1.length === 0) return true
  const before = (await processesIn(v1)).pids
  const inTree = (await processesIn(await withDescendants(tree.path))).pids
  const apart = [...before].filter(pid => !inTree.has(pid))
  if (apart.length === 0) return true
  const after = (await processesIn(v1)).pids
  return !apart.some(pid => after.has(pid))
}

const treeFrozen = async (tree: GroupDir): Promise<boolean> =>
  numberAfter(await readText(`${tree.path}/cgroup.events`), 'frozen') === 1

/** FREEZING can hang on a task that was being forked; writing FROZEN again makes the kernel look once more. */
const freezerFrozen = async (freezer: GroupDir): Promise<boolean> => {
  const file = `${freezer.path}/freezer.state`
  if ((await readText(file))?.trim() === 'FROZEN') return true
  await writeValue(file, 'FROZEN', 'freeze')
  return false
}

/** Lets everything in the group run again, on v1 also groups below that were frozen on their own. */
export const thawGroup = async (dirs: readonly GroupDir[]): Promise<void> => {
  const { tree, freezer } = freezersOf(dirs)
  if (tree !== undefined) await writeValue(`${tree.path}/cgroup.freeze`, '0', 'thaw')
  if (freezer === undefined) return
  for (const path of await withDescendants(freezer.path)) {
    await writeValue(`${path}/freezer.state`, 'THAWED', 'thaw')
  }
}

const refuse = (why: string, hint: string): TsboxError =>
  new TsboxError('ERR_TSBOX_CGROUP', `the group cannot be frozen: ${why}`, { step: 'freeze', hint })

/**
 * Stops every process of the group where it is, and waits until the kernel says so. The v2 tree does it when all the
 * group's processes are there; otherwise v1's freezer.
 *
 * @throws TsboxError ERR_TSBOX_CGROUP when neither can, or not in time; the group is then running
 */
export const freezeGroup = async (dirs: readonly GroupDir[], options: WaitOptions): Promise<void> => {
  const { tree, freezer } = freezersOf(dirs)
  const useTree = tree !== undefined && (await treeHoldsAll(dirs, tree))
  if (!useTree && freezer === undefined) {
    throw refuse(
      'its processes are in no freezer',
      "make it with controllers: ['freezer', …], and join with add()",
    )
  }
  if (useTree) await writeValue(`${tree.path}/cgroup.freeze`, '1', 'freeze')
  const frozen = await retryUntil(() => (useTree ? treeFrozen(tree) : freezerFrozen(freezer!)), options)
  if (frozen) return
  await thawGroup(dirs)
  throw refuse(
    `it was not still after ${options.timeoutMs} ms`,
    'a process may be waiting inside the kernel: try again',
  )
}
