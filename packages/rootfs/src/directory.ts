import { type RootPlan, SLOTS } from '@tsbox/plan'
import { PROTOCOL } from '@tsbox/protocol'
import { attachHere, openDir } from './stage.ts'

/** A directory as it is, bound on itself so that it is a mount and can become the root. */
export const directoryRoot = (path: string): RootPlan => ({
  stage: [
    openDir(SLOTS.place, path),
    { op: 'openTree', slot: SLOTS.root, from: PROTOCOL.noSlot, path, recursive: 1 },
    attachHere(SLOTS.root),
  ],
  fill: [],
  teardown: [],
})
