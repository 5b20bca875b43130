import { type Host, type RootPlan, SLOTS } from '@tsbox/plan'
import { KERNEL, type Op, PROTOCOL } from '@tsbox/protocol'
import type { Box } from '@tsbox/spec'
import { etcFiles } from './etc-files.ts'
import { attachHere, openDir, overlayOps, stageDir, stageOps } from './stage.ts'
import type { Userland } from './userland.ts'

/** Directories a program expects, with their modes; all of them empty. */
const SKELETON: readonly (readonly [path: string, mode: number])[] = [
  ['etc', 0o755],
  ['home', 0o755],
  ['mnt', 0o755],
  ['opt', 0o755],
  ['proc', 0o555],
  ['root', 0o700],
  ['run', 0o755],
  ['srv', 0o755],
  ['sys', 0o555],
  ['tmp', 0o1777],
  ['var', 0o755],
  ['var/tmp', 0o1777],
  ['dev', 0o755],
]

export interface SystemRootOptions {
  readonly box: Box
  readonly host: Host
  readonly userland: Userland
  readonly runDir: string
  readonly bytes: number
}

/**
 * The host's own programs and libraries, read-only, each tree under a throw-away layer, in a root that is otherwise
 * empty: no image is needed, and nothing of /root, /home, /var, /srv or the host's accounts is in it.
 */
export const systemRoot = ({ box, host, userland, runDir, bytes }: SystemRootOptions): RootPlan => ({
  lock: [],
  stage: [
    ...stageOps(runDir, bytes),
    stageDir('root'),
    { op: 'openTree', slot: SLOTS.root, from: SLOTS.stage, path: 'root', recursive: 0 },
    openDir(SLOTS.place, `${runDir}/root`),
    attachHere(SLOTS.root),
    ...SKELETON.map(([path, mode]): Op => ({ op: 'makeDir', root: SLOTS.root, path, mode })),
    ...userland.links.map(([path, target]): Op => ({ op: 'makeLink', root: SLOTS.root, path, target })),
    ...userland.trees.flatMap((tree, i) => treeOps({ tree, index: i, host, runDir })),
    ...userland.etc.filter(([path]) => box.network === 'host' || path !== 'resolv.conf').flatMap(etcOps),
    ...etcFiles(box),
  ],
  // Only now: mount points for volumes may have had to be made in them.
  fill: box.readOnly ? userland.trees.map((_, i) => readOnly(SLOTS.trees + i)) : [],
  teardown: [],
})

interface Tree {
  readonly tree: string
  readonly index: number
  readonly host: Host
  readonly runDir: string
}

const treeOps = ({ tree, index, host, runDir }: Tree): Op[] => [
  openDir(SLOTS.layers + index, `/${tree}`),
  { op: 'makeDir', root: SLOTS.root, path: tree, mode: 0o755 },
  stageDir(`upper-${tree}`),
  stageDir(`work-${tree}`),
  ...overlayOps(host, {
    slot: SLOTS.trees + index,
    lowers: [SLOTS.layers + index],
    upper: `${runDir}/upper-${tree}`,
    work: `${runDir}/work-${tree}`,
    target: `${runDir}/root/${tree}`,
  }),
]

const readOnly = (mount: number): Op => ({
  op: 'setMountAttributes',
  mount,
  set: BigInt(KERNEL.MOUNT_ATTR_RDONLY),
  clear: 0n,
  recursive: 0,
})

const etcOps = ([path, isDirectory]: readonly [string, boolean]): Op[] => [
  { op: 'openTree', slot: SLOTS.passing, from: PROTOCOL.noSlot, path: `/etc/${path}`, recursive: 0 },
  {
    op: 'setMountAttributes',
    mount: SLOTS.passing,
    set: BigInt(KERNEL.MOUNT_ATTR_RDONLY | KERNEL.MOUNT_ATTR_NOSUID | KERNEL.MOUNT_ATTR_NODEV),
    clear: 0n,
    recursive: 0,
  },
  {
    op: 'attach',
    mount: SLOTS.passing,
    root: SLOTS.root,
    target: `/etc/${path}`,
    make: isDirectory ? 1 : 2,
    nofollow: 0,
  },
]
