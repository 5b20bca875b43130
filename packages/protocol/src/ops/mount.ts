import { type OpRow, row } from './row.ts'

/** Mounts, and paths inside the root. */
export const MOUNT_OPS = {
  setPropagation: row(9, 'I', 'Cut a mount tree off from mount events of the host.', [
    ['path', 'str'],
    ['flags', 'u64'],
  ]),
  mountOverlay: row(
    10,
    'I',
    'Mount an overlay with mount(2), for kernels whose overlayfs does not speak fsopen.',
    [
      ['slot', 'slot'],
      ['target', 'str'],
      ['options', 'str'],
      ['flags', 'u64'],
    ],
  ),
  fsMount: row(11, 'I', 'Make a detached mount of a file system type; options are key, value pairs.', [
    ['slot', 'slot'],
    ['type', 'str'],
    ['options', 'strs'],
    ['attributes', 'u32'],
  ]),
  openTree: row(
    12,
    'OI',
    'Make a detached copy of a mount tree (a bind) of the host, or of a path below an open directory.',
    [
      ['slot', 'slot'],
      ['from', 'slot'],
      ['path', 'str'],
      ['recursive', 'u32'],
    ],
  ),
  setMountAttributes: row(
    13,
    'I',
    'Set and clear the attributes of a mount, for the whole tree when recursive.',
    [
      ['mount', 'slot'],
      ['set', 'u64'],
      ['clear', 'u64'],
      ['recursive', 'u32'],
    ],
  ),
  attach: row(
    14,
    'I',
    'Attach a mount at a path resolved inside the root, making the mount point when it is missing (1 directory, 2 file, 3 as what is mounted).',
    [
      ['mount', 'slot'],
      ['root', 'slot'],
      ['target', 'str'],
      ['make', 'u32'],
      ['nofollow', 'u32'],
    ],
  ),
  makeDir: row(15, 'OI', 'Make a directory inside the root; one that exists is left as it is.', [
    ['root', 'slot'],
    ['path', 'str'],
    ['mode', 'u32'],
  ]),
  makeFile: row(16, 'OI', 'Make a new file inside the root; one that exists is an error.', [
    ['root', 'slot'],
    ['path', 'str'],
    ['mode', 'u32'],
    ['data', 'bytes'],
  ]),
  makeNode: row(17, 'I', 'Make a device node or FIFO inside the root; the same one may be there already.', [
    ['root', 'slot'],
    ['path', 'str'],
    ['mode', 'u32'],
    ['major', 'u32'],
    ['minor', 'u32'],
    ['uid', 'u32'],
    ['gid', 'u32'],
  ]),
  makeLink: row(18, 'I', 'Make a symbolic link inside the root, in place of any file of that name.', [
    ['root', 'slot'],
    ['path', 'str'],
    ['target', 'str'],
  ]),
  mask: row(
    19,
    'I',
    'Cover a path with nothing: a null device over a file, an empty directory over a directory. A missing path is fine.',
    [
      ['root', 'slot'],
      ['path', 'str'],
      ['dev', 'slot'],
    ],
  ),
  protect: row(20, 'I', 'Make a path and everything mounted below it read-only. A missing path is fine.', [
    ['root', 'slot'],
    ['path', 'str'],
  ]),
  pivotRoot: row(21, 'I', 'Make a mount the root and detach the old one.', [['root', 'slot']]),
  mapOwners: row(49, 'O', 'Show the owners of a detached mount through the map of a user namespace.', [
    ['mount', 'slot'],
    ['namespace', 'slot'],
    ['recursive', 'u32'],
  ]),
  setMountPropagation: row(50, 'I', 'Say whether mount events travel to and from a mount.', [
    ['mount', 'slot'],
    ['propagation', 'u64'],
    ['recursive', 'u32'],
  ]),
  openInside: row(65, 'I', 'Open a path inside the root, making it a directory when make says 1.', [
    ['slot', 'slot'],
    ['root', 'slot'],
    ['path', 'str'],
    ['make', 'u32'],
    ['nofollow', 'u32'],
  ]),
  copyUp: row(66, 'I', 'Copy what a directory holds into an empty file system.', [
    ['from', 'slot'],
    ['to', 'slot'],
  ]),
  moveRoot: row(
    67,
    'I',
    'Make a mount the root where pivot_root cannot: over the old one, which stays below.',
    [['root', 'slot']],
  ),
} as const satisfies Record<string, OpRow>
