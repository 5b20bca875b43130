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

export const OPS = {
  claim: {
    code: 1,
    chapters: 'O',
    summary:
      'Make the run directory and lock it; a directory nobody holds is taken over and its leavings torn down.',
    fields: [
      ['slot', 'slot'],
      ['path', 'str'],
    ],
  },
  makeCgroup: {
    code: 2,
    chapters: 'O',
    summary:
      'Make a cgroup and its parents, enabling controllers on the way down (v2) or copying files a new group starts empty (v1 cpuset).',
    fields: [
      ['slot', 'slot'],
      ['mount', 'str'],
      ['path', 'str'],
      ['enable', 'str?'],
      ['inherit', 'strs'],
    ],
  },
  writeAt: {
    code: 3,
    chapters: 'OIT',
    summary: 'Write a kernel control file below an open directory.',
    fields: [
      ['dir', 'slot'],
      ['file', 'str'],
      ['data', 'bytes'],
    ],
  },
  open: {
    code: 4,
    chapters: 'OI',
    summary: 'Open a path of the host.',
    fields: [
      ['slot', 'slot'],
      ['path', 'str'],
      ['flags', 'u32'],
    ],
  },
  handback: {
    code: 5,
    chapters: 'O',
    summary:
      'Say which program to become after teardown when there is something to tell (set-up failed, a limit was hit, a receipt is wanted).',
    fields: [
      ['argv', 'strs'],
      ['env', 'strs'],
      ['always', 'u32'],
    ],
  },
  clone: {
    code: 6,
    chapters: 'O',
    summary: 'Start the init process in new namespaces, on cgroup v2 directly inside its group.',
    fields: [
      ['flags', 'u64'],
      ['cgroup', 'slot'],
    ],
  },
  supervise: {
    code: 7,
    chapters: 'O',
    summary: 'Forward signals, relay the terminal, keep the deadline and wait for the last exit.',
    fields: [
      ['timeoutMs', 'u32'],
      ['stopSignal', 'u32'],
      ['stopTimeoutMs', 'u32'],
      ['flags', 'u32'],
    ],
  },
  unshare: {
    code: 8,
    chapters: 'I',
    summary: 'Leave the namespaces that depend on where the process already stands.',
    fields: [['flags', 'u64']],
  },
  setPropagation: {
    code: 9,
    chapters: 'I',
    summary: 'Cut a mount tree off from mount events of the host.',
    fields: [
      ['path', 'str'],
      ['flags', 'u64'],
    ],
  },
  mountOverlay: {
    code: 10,
    chapters: 'I',
    summary: 'Mount an overlay with mount(2), for kernels whose overlayfs does not speak fsopen.',
    fields: [
      ['slot', 'slot'],
      ['target', 'str'],
      ['options', 'str'],
      ['flags', 'u64'],
    ],
  },
  fsMount: {
    code: 11,
    chapters: 'I',
    summary: 'Make a detached mount of a file system type; options are key, value pairs.',
    fields: [
      ['slot', 'slot'],
      ['type', 'str'],
      ['options', 'strs'],
      ['attributes', 'u32'],
    ],
  },
  openTree: {
    code: 12,
    chapters: 'I',
    summary:
      'Make a detached copy of a mount tree (a bind) of the host, or of a path below an open directory.',
    fields: [
      ['slot', 'slot'],
      ['from', 'slot'],
      ['path', 'str'],
      ['recursive', 'u32'],
    ],
  },
  setMountAttributes: {
    code: 13,
    chapters: 'I',
    summary: 'Set and clear the attributes of a mount, for the whole tree when recursive.',
    fields: [
      ['mount', 'slot'],
      ['set', 'u64'],
      ['clear', 'u64'],
      ['recursive', 'u32'],
    ],
  },
  attach: {
    code: 14,
    chapters: 'I',
    summary:
      'Attach a mount at a path resolved inside the root, making the mount point when it is missing (1 directory, 2 file).',
    fields: [
      ['mount', 'slot'],
      ['root', 'slot'],
      ['target', 'str'],
      ['make', 'u32'],
      ['nofollow', 'u32'],
    ],
  },
  makeDir: {
    code: 15,
    chapters: 'I',
    summary: 'Make a directory inside the root; one that exists is left as it is.',
    fields: [
      ['root', 'slot'],
      ['path', 'str'],
      ['mode', 'u32'],
    ],
  },
  makeFile: {
    code: 16,
    chapters: 'I',
    summary: 'Make a new file inside the root; one that exists is an error.',
    fields: [
      ['root', 'slot'],
      ['path', 'str'],
      ['mode', 'u32'],
      ['data', 'bytes'],
    ],
  },
  makeNode: {
    code: 17,
    chapters: 'I',
    summary: 'Make a device node inside the root.',
    fields: [
      ['root', 'slot'],
      ['path', 'str'],
      ['mode', 'u32'],
      ['major', 'u32'],
      ['minor', 'u32'],
    ],
  },
  makeLink: {
    code: 18,
    chapters: 'I',
    summary: 'Make a symbolic link inside the root.',
    fields: [
      ['root', 'slot'],
      ['path', 'str'],
      ['target', 'str'],
    ],
  },
  mask: {
    code: 19,
    chapters: 'I',
    summary:
      'Cover a path with nothing: a null device over a file, an empty directory over a directory. A missing path is fine.',
    fields: [
      ['root', 'slot'],
      ['path', 'str'],
      ['dev', 'slot'],
    ],
  },
  protect: {
    code: 20,
    chapters: 'I',
    summary: 'Make a path and everything mounted below it read-only. A missing path is fine.',
    fields: [
      ['root', 'slot'],
      ['path', 'str'],
    ],
  },
  pivotRoot: {
    code: 21,
    chapters: 'I',
    summary: 'Make a mount the root and detach the old one.',
    fields: [['root', 'slot']],
  },
  setHostname: {
    code: 22,
    chapters: 'I',
    summary: 'Name the box.',
    fields: [['name', 'str']],
  },
  interfaceUp: {
    code: 23,
    chapters: 'I',
    summary: 'Bring a network interface up.',
    fields: [['name', 'str']],
  },
  setRlimit: {
    code: 24,
    chapters: 'I',
    summary: 'Set a resource limit of the process.',
    fields: [
      ['resource', 'u32'],
      ['soft', 'u64'],
      ['hard', 'u64'],
    ],
  },
  newSession: {
    code: 25,
    chapters: 'I',
    summary: 'Start a session of its own and a new session keyring.',
    fields: [],
  },
  openTerminal: {
    code: 26,
    chapters: 'I',
    summary:
      "Allocate a terminal in the box's own devpts, hand its master to the supervisor and make it the standard streams.",
    fields: [
      ['pts', 'slot'],
      ['uid', 'u32'],
    ],
  },
  changeDir: {
    code: 27,
    chapters: 'I',
    summary: 'Enter the working directory and check that it lies inside the root.',
    fields: [['path', 'str']],
  },
  setUmask: {
    code: 28,
    chapters: 'I',
    summary: 'Set the file mode creation mask.',
    fields: [['mask', 'u32']],
  },
  boundCaps: {
    code: 29,
    chapters: 'I',
    summary: 'Drop every capability outside a set from the bounding set.',
    fields: [['keep', 'u64']],
  },
  setIds: {
    code: 30,
    chapters: 'I',
    summary: 'Become a user with exactly these groups.',
    fields: [
      ['uid', 'u32'],
      ['gid', 'u32'],
      ['groups', 'u32s'],
    ],
  },
  setCaps: {
    code: 31,
    chapters: 'I',
    summary: 'Set the permitted and effective capabilities; none are inheritable or ambient.',
    fields: [['permitted', 'u64']],
  },
  noNewPrivs: {
    code: 32,
    chapters: 'I',
    summary: 'Give up gaining privileges through exec, for good.',
    fields: [],
  },
  init: {
    code: 33,
    chapters: 'I',
    summary: 'Stay as process 1 that forwards signals and reaps; the rest of the plan runs in a child.',
    fields: [],
  },
  closeFds: {
    code: 34,
    chapters: 'I',
    summary: 'Close every descriptor but the standard streams.',
    fields: [],
  },
  exec: {
    code: 35,
    chapters: 'I',
    summary: 'Become the program: the first of the paths that exists.',
    fields: [
      ['paths', 'strs'],
      ['argv', 'strs'],
      ['env', 'strs'],
    ],
  },
  await: {
    code: 36,
    chapters: 'OIT',
    summary: 'Report, then wait for one byte on the control pipe.',
    fields: [['tag', 'u32']],
  },
  collect: {
    code: 37,
    chapters: 'T',
    summary: 'Read a counter file into the receipt; a value after the key, other than 0, is worth telling.',
    fields: [
      ['dir', 'slot'],
      ['file', 'str'],
      ['key', 'str?'],
    ],
  },
  killCgroup: {
    code: 38,
    chapters: 'T',
    summary: 'Kill everything in a cgroup and wait until it is empty.',
    fields: [
      ['mount', 'str'],
      ['path', 'str'],
    ],
  },
  removeCgroup: {
    code: 39,
    chapters: 'T',
    summary: 'Remove a cgroup, the groups inside it, and that many of its parents when they are empty.',
    fields: [
      ['mount', 'str'],
      ['path', 'str'],
      ['parents', 'u32'],
    ],
  },
  release: {
    code: 40,
    chapters: 'T',
    summary: 'Remove the run directory, and its parent when that is empty.',
    fields: [['path', 'str']],
  },
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
