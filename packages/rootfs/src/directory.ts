import { type RootPlan, SLOTS } from '@tsbox/plan'
import { KERNEL, type Op, PROTOCOL } from '@tsbox/protocol'
import { attachHere, openDir } from './stage.ts'

/** A directory as it is, bound on itself so that it is a mount and can become the root. */
export const directoryRoot = (path: string, readOnly: boolean): RootPlan => ({
  lock: [],
  stage: [
    openDir(SLOTS.place, path),
    { op: 'openTree', slot: SLOTS.root, from: PROTOCOL.noSlot, path, recursive: 1 },
    ...(readOnly ? readOnlyBelow : []),
    attachHere(SLOTS.root),
  ],
  fill: [],
  teardown: [],
})

const RDONLY = BigInt(KERNEL.MOUNT_ATTR_RDONLY)

/** What is mounted in the directory is read-only from now on; the root itself once its mount points are made. */
const readOnlyBelow: readonly Op[] = [
  { op: 'setMountAttributes', mount: SLOTS.root, set: RDONLY, clear: 0n, recursive: 1 },
  { op: 'setMountAttributes', mount: SLOTS.root, set: 0n, clear: RDONLY, recursive: 0 },
]
