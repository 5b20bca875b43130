import { basename, dirname } from 'node:path'
import { type Host, type RootPlan, SLOTS } from '@tsbox/plan'
import { type Op, slotPath } from '@tsbox/protocol'
import type { Root } from '@tsbox/spec'
import { openDir, overlayOps, stageDir, stageOps } from './stage.ts'

type Layers = Extract<Root, { kind: 'layers' }>

/** Directories over one another; writes go to a throw-away layer, or to the one that was named and is kept. */
export const layersRoot = (
  root: Layers,
  host: Host,
  options: { runDir: string; bytes: number },
): RootPlan => {
  const lowers = root.layers.map((_, i) => SLOTS.layers + i)
  const upper = root.upper === undefined ? throwAway(options.runDir) : kept(root.upper)
  return {
    lock: upper.lock,
    stage: [
      ...stageOps(options.runDir, options.bytes),
      stageDir('root'),
      ...root.layers.map((path, i) => openDir(SLOTS.layers + i, path)),
      ...upper.make,
      ...overlayOps(host, {
        slot: SLOTS.root,
        lowers,
        upper: upper.upper,
        work: upper.work,
        target: `${options.runDir}/root`,
      }),
    ],
    fill: [],
    teardown: upper.remove,
  }
}

/** The host's whole root as the only lower layer. What is mounted below it (/proc, /dev, /home on a disk) is not in it. */
export const hostRoot = (host: Host, options: { runDir: string; bytes: number }): RootPlan =>
  layersRoot({ kind: 'layers', layers: ['/'] }, host, options)

interface Upper {
  readonly lock: readonly Op[]
  readonly make: readonly Op[]
  readonly upper: string
  readonly work: string
  readonly remove: readonly Op[]
}

const throwAway = (runDir: string): Upper => ({
  lock: [],
  make: [stageDir('upper'), stageDir('work')],
  upper: `${runDir}/upper`,
  work: `${runDir}/work`,
  remove: [],
})

/** overlayfs wants a work directory on the same file system; it lies beside the upper one while the box runs. */
const kept = (path: string): Upper => {
  const name = `.${basename(path)}.tsbox-work`
  const work = `${dirname(path)}/${name}`
  return {
    // Two overlays over one upper layer spoil it for each other.
    lock: [{ op: 'lock', slot: SLOTS.upperLock, path }],
    make: [
      openDir(SLOTS.upper, path),
      openDir(SLOTS.upperParent, dirname(path)),
      { op: 'makeDir', root: SLOTS.upperParent, path: name, mode: 0o700 },
      openDir(SLOTS.work, work),
    ],
    upper: slotPath(SLOTS.upper),
    work: slotPath(SLOTS.work),
    // overlayfs leaves its own directory "work" in the one it was given; releasing that removes both.
    remove: [{ op: 'release', path: `${work}/work` }],
  }
}
