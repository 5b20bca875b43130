import { TsboxError } from '@tsbox/errors'
import { type Host, kernelAtLeast, SLOTS } from '@tsbox/plan'
import { KERNEL, type Op, slotPath } from '@tsbox/protocol'

const PATH_DIR = KERNEL.O_PATH | KERNEL.O_DIRECTORY

/** Opens a directory of the host. Whatever its name holds, from here on it is a number. */
export const openDir = (slot: number, path: string): Op => ({ op: 'open', slot, path, flags: PATH_DIR })

/** Attaches a mount over what SLOTS.place has open. */
export const attachHere = (mount: number): Op => ({
  op: 'attach',
  mount,
  root: SLOTS.place,
  target: '.',
  make: 0,
  nofollow: 0,
})

/**
 * The throw-away tmpfs a root is put together in. It covers the run directory, in the box's mount namespace only, so
 * nothing of it is seen on the host and it goes with the box.
 */
export const stageOps = (runDir: string, bytes: number): Op[] => [
  openDir(SLOTS.place, runDir),
  {
    op: 'fsMount',
    slot: SLOTS.stage,
    type: 'tmpfs',
    options: ['mode', '755', 'size', String(bytes)],
    attributes: 0,
  },
  attachHere(SLOTS.stage),
]

export const stageDir = (path: string, mode = 0o755): Op => ({ op: 'makeDir', root: SLOTS.stage, path, mode })

export interface OverlayOptions {
  /** Where the overlay's own mount goes. */
  readonly slot: number
  /** The slots of open lower layers, lowest first. */
  readonly lowers: readonly number[]
  /** Directories of the stage, or paths of open slots. */
  readonly upper: string
  readonly work: string
  /** A directory of the stage, by its full path: only the older way of mounting needs a place at once. */
  readonly target: string
}

/**
 * An overlay of open directories. Layers are named by descriptor, so no character of a path needs escaping and each
 * name is short: before Linux 6.7 all of them together have to fit one page.
 *
 * @throws TsboxError ERR_TSBOX_HOST when this kernel cannot take so many layers
 */
export const overlayOps = (host: Host, { slot, lowers, upper, work, target }: OverlayOptions): Op[] => {
  const layers = lowers.map(slotPath).reverse()
  if (kernelAtLeast(host, 6, 7)) {
    const options = [...layers.flatMap(path => ['lowerdir+', path]), 'upperdir', upper, 'workdir', work]
    return [
      { op: 'fsMount', slot, type: 'overlay', options, attributes: 0 },
      { op: 'open', slot: SLOTS.place, path: target, flags: PATH_DIR },
      attachHere(slot),
    ]
  }
  const options = `lowerdir=${layers.join(':')},upperdir=${upper},workdir=${work}`
  if (options.length > 4000) {
    throw new TsboxError('ERR_TSBOX_HOST', `this kernel cannot take ${lowers.length} layers`, {
      hint: 'Use Linux 6.7 or newer, or at most 200 layers.',
      step: 'mountOverlay',
    })
  }
  return [{ op: 'mountOverlay', slot, target, options, flags: 0n }]
}
