import { parseSize } from '@tsbox/cgroups'
import { effectiveLimits, type Host, type RootPlan, runDirOf } from '@tsbox/plan'
import type { Box } from '@tsbox/spec'
import { directoryRoot } from './directory.ts'
import { hostRoot, layersRoot } from './layers.ts'
import { systemRoot } from './system.ts'
import type { Userland } from './userland.ts'

/**
 * The operations that make a box's root, whichever kind it is.
 *
 * @param userland needed for the kind 'system' only
 * @throws TsboxError ERR_TSBOX_HOST when this kernel cannot take so many layers
 */
export const planRoot = (box: Box, host: Host, userland: () => Userland): RootPlan => {
  const options = { runDir: runDirOf(box, host), bytes: throwAwayBytes(box, host) }
  switch (box.root.kind) {
    case 'system':
      return systemRoot({ box, host, userland: userland(), ...options })
    case 'host':
      return hostRoot(host, options)
    case 'directory':
      return directoryRoot(box.root.path, box.readOnly)
    case 'layers':
      return layersRoot(box.root, host, options)
  }
}

/** What a box writes into memory counts against its memory limit; the file system ends where the limit does. */
const throwAwayBytes = (box: Box, host: Host): number => {
  const max = effectiveLimits(box, host).memory?.max
  return max === undefined || max === 'max' ? Math.floor(host.memory / 2) : parseSize(max)
}
