/**
 * The one table of operations: what a plan can ask of the shim.
 *
 * From it come the TypeScript types (by inference), the encoder, the C rows (`make gen`), the description that
 * `--dry-run` prints and the table in docs/operations.md. Numbers are append-only: a retired number is never
 * given to another operation. Field order is wire order.
 *
 * Chapters: `O` outer (the supervisor, host side), `I` inner (the box's init), `T` teardown (host side again).
 */

/** How a field looks in TypeScript and on the wire. A slot is a number the shim keeps a file descriptor under. */
export type Kind = 'u32' | 'u64' | 'slot' | 'str' | 'str?' | 'strs' | 'bytes' | 'u32s'

export interface OpRow {
  readonly code: number
  readonly chapters: string
  readonly summary: string
  readonly fields: readonly (readonly [name: string, kind: Kind])[]
}

/** Keeps the literal types of a row. */
const row = <const F extends OpRow['fields']>(
  code: number,
  chapters: string,
  summary: string,
  fields: F,
) => ({
  code,
  chapters,
  summary,
  fields,
})

export const OPS = {
  claim: row(
    1,
    'O',
    'Make the run directory and lock it; one that nobody holds is taken over, and when reclaim says so the cgroups with it.',
    [
      ['slot', 'slot'],
      ['path', 'str'],
      ['reclaim', 'u32'],
    ],
  ),
  makeCgroup: row(
    2,
    'O',
    'Make a cgroup and its parents, enabling controllers on the way down (v2) or copying files a new group starts empty (v1 cpuset).',
    [
      ['slot', 'slot'],
      ['mount', 'str'],
      ['path', 'str'],
      ['enable', 'str?'],
      ['inherit', 'strs'],
    ],
  ),
  writeAt: row(3, 'OIT', 'Write a kernel control file below an open directory.', [
    ['dir', 'slot'],
    ['file', 'str'],
    ['data', 'bytes'],
  ]),
  open: row(4, 'OI', 'Open a path of the host.', [
    ['slot', 'slot'],
    ['path', 'str'],
    ['flags', 'u32'],
  ]),
  handback: row(
    5,
    'O',
    'Say which program to become after teardown when there is something to tell (set-up failed, a limit was hit, a receipt is wanted).',
    [
      ['argv', 'strs'],
      ['env', 'strs'],
      ['always', 'u32'],
    ],
  ),
  clone: row(6, 'O', 'Start the init process in new namespaces, on cgroup v2 directly inside its group.', [
    ['flags', 'u64'],
    ['cgroup', 'slot'],
  ]),
  supervise: row(
    7,
    'O',
    'Forward signals, relay the terminal, keep the deadline and wait for the last exit.',
    [
      ['timeoutMs', 'u32'],
      ['stopSignal', 'u32'],
      ['stopTimeoutMs', 'u32'],
      ['flags', 'u32'],
    ],
  ),
  unshare: row(8, 'I', 'Leave the namespaces that depend on where the process already stands.', [
    ['flags', 'u64'],
  ]),
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
    'I',
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
    'Attach a mount at a path resolved inside the root, making the mount point when it is missing (1 directory, 2 file).',
    [
      ['mount', 'slot'],
      ['root', 'slot'],
      ['target', 'str'],
      ['make', 'u32'],
      ['nofollow', 'u32'],
    ],
  ),
  makeDir: row(15, 'I', 'Make a directory inside the root; one that exists is left as it is.', [
    ['root', 'slot'],
    ['path', 'str'],
    ['mode', 'u32'],
  ]),
  makeFile: row(16, 'I', 'Make a new file inside the root; one that exists is an error.', [
    ['root', 'slot'],
    ['path', 'str'],
    ['mode', 'u32'],
    ['data', 'bytes'],
  ]),
  makeNode: row(17, 'I', 'Make a device node inside the root.', [
    ['root', 'slot'],
    ['path', 'str'],
    ['mode', 'u32'],
    ['major', 'u32'],
    ['minor', 'u32'],
  ]),
  makeLink: row(18, 'I', 'Make a symbolic link inside the root.', [
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
  setHostname: row(22, 'I', 'Name the box.', [['name', 'str']]),
  interfaceUp: row(23, 'I', 'Bring a network interface up.', [['name', 'str']]),
  setRlimit: row(24, 'I', 'Set a resource limit of the process.', [
    ['resource', 'u32'],
    ['soft', 'u64'],
    ['hard', 'u64'],
  ]),
  newSession: row(25, 'I', 'Start a session of its own and a new session keyring.', []),
  openTerminal: row(
    26,
    'I',
    "Allocate a terminal in the box's own devpts, hand its master to the supervisor and make it the standard streams.",
    [
      ['pts', 'slot'],
      ['uid', 'u32'],
    ],
  ),
  changeDir: row(27, 'I', 'Enter the working directory and check that it lies inside the root.', [
    ['path', 'str'],
  ]),
  setUmask: row(28, 'I', 'Set the file mode creation mask.', [['mask', 'u32']]),
  boundCaps: row(29, 'I', 'Drop every capability outside a set from the bounding set.', [['keep', 'u64']]),
  setIds: row(30, 'I', 'Become a user with exactly these groups.', [
    ['uid', 'u32'],
    ['gid', 'u32'],
    ['groups', 'u32s'],
  ]),
  setCaps: row(31, 'I', 'Set the permitted and effective capabilities; none are inheritable or ambient.', [
    ['permitted', 'u64'],
  ]),
  noNewPrivs: row(32, 'I', 'Give up gaining privileges through exec, for good.', []),
  init: row(
    33,
    'I',
    'Stay as process 1 that forwards signals and reaps; the rest of the plan runs in a child.',
    [],
  ),
  closeFds: row(34, 'I', 'Close every descriptor but the standard streams.', []),
  exec: row(35, 'I', 'Become the program: the first of the paths that exists.', [
    ['paths', 'strs'],
    ['argv', 'strs'],
    ['env', 'strs'],
  ]),
  await: row(36, 'OIT', 'Report, then wait for one byte on the control pipe.', [['tag', 'u32']]),
  collect: row(
    37,
    'T',
    'Read a counter file into the receipt; a value after the key, other than 0, is worth telling.',
    [
      ['dir', 'slot'],
      ['file', 'str'],
      ['key', 'str?'],
    ],
  ),
  killCgroup: row(38, 'T', 'Kill everything in a cgroup and wait until it is empty.', [
    ['mount', 'str'],
    ['path', 'str'],
  ]),
  removeCgroup: row(
    39,
    'T',
    'Remove a cgroup, the groups inside it, and that many of its parents when they are empty.',
    [
      ['mount', 'str'],
      ['path', 'str'],
      ['parents', 'u32'],
    ],
  ),
  release: row(40, 'T', 'Remove the run directory, and its parent when that is empty.', [['path', 'str']]),
  lock: row(41, 'O', 'Hold a directory of the host that no other box may hold.', [
    ['slot', 'slot'],
    ['path', 'str'],
  ]),
} as const satisfies Record<string, OpRow>

export type OpName = keyof typeof OPS

type Value<K extends Kind> = K extends 'u32' | 'slot'
  ? number
  : K extends 'u64'
    ? bigint
    : K extends 'str'
      ? string | Uint8Array
      : K extends 'str?'
        ? string | Uint8Array | null
        : K extends 'strs'
          ? readonly (string | Uint8Array)[]
          : K extends 'bytes'
            ? string | Uint8Array
            : readonly number[]

type Fields<F extends readonly (readonly [string, Kind])[]> = {
  readonly [E in F[number] as E[0]]: Value<E[1]>
}

/** One operation: `{ op: 'setHostname', name: 'container' }`. */
export type Op = { [N in OpName]: { readonly op: N } & Fields<(typeof OPS)[N]['fields']> }[OpName]

export type OpOf<N extends OpName> = Extract<Op, { op: N }>

/** The three chapters of a plan, each an ordered list. */
export interface Plan {
  readonly outer: readonly Op[]
  readonly inner: readonly Op[]
  readonly teardown: readonly Op[]
}

/** Every operation of a plan in wire order: an error's index counts in this list. */
export const allOps = (plan: Plan): readonly Op[] => [...plan.outer, ...plan.inner, ...plan.teardown]
