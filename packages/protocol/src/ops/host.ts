import { type OpRow, row } from './row.ts'

/** What the supervisor does on the host: names, cgroups, processes, and what init and whoever starts the box tell each other. */
export const HOST_OPS = {
  claim: row(
    1,
    'O',
    'Make the run directory and lock it. One that nobody holds is taken over (0), with the cgroups that bear its name (1), or refused (2).',
    [
      ['slot', 'slot'],
      ['path', 'str'],
      ['reclaim', 'u32'],
    ],
  ),
  makeCgroup: row(
    2,
    'O',
    'Make a cgroup and its parents, enabling controllers on the way down (v2) or copying files a new group starts empty (v1 cpuset). One that exists is refused, or taken: with reuse 1 when it is empty, with 2 whoever is in it.',
    [
      ['slot', 'slot'],
      ['mount', 'str'],
      ['path', 'str'],
      ['enable', 'str?'],
      ['inherit', 'strs'],
      ['reuse', 'u32'],
    ],
  ),
  writeAt: row(
    3,
    'OIT',
    'Write a kernel control file below an open directory; byte 26 stands for the pid of init.',
    [
      ['dir', 'slot'],
      ['file', 'str'],
      ['data', 'bytes'],
    ],
  ),
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
    'Remove a cgroup, the groups inside it, and those of its parents that came with a box, when they are empty.',
    [
      ['mount', 'str'],
      ['path', 'str'],
    ],
  ),
  release: row(40, 'T', 'Remove the run directory, and its parent when that is empty.', [['path', 'str']]),
  lock: row(41, 'O', 'Hold a directory of the host that no other box may hold.', [
    ['slot', 'slot'],
    ['path', 'str'],
  ]),
  take: row(42, 'O', 'Wait for the lock of a run directory that was left on purpose.', [
    ['slot', 'slot'],
    ['path', 'str'],
  ]),
  ended: row(43, 'O', 'Check that the process a file tells of has ended; a missing file tells of none.', [
    ['dir', 'slot'],
    ['file', 'str'],
  ]),
  openProcess: row(44, 'O', 'Hold a process by its number and the time it was started.', [
    ['slot', 'slot'],
    ['pid', 'u32'],
    ['started', 'u64'],
  ]),
  sendSignal: row(45, 'O', 'Send a signal to a process that is held.', [
    ['process', 'slot'],
    ['signal', 'u32'],
  ]),
  mapIds: row(
    47,
    'O',
    'Say which users of the host those of the user namespace of init are, in the form of user_namespaces(7).',
    [
      ['users', 'str'],
      ['groups', 'str'],
      ['setGroups', 'u32'],
    ],
  ),
  makeUserNamespace: row(48, 'O', 'Open a new user namespace with these maps, for mounts that map owners.', [
    ['slot', 'slot'],
    ['users', 'str'],
    ['groups', 'str'],
  ]),
  meet: row(52, 'OI', 'Wait until the other of supervisor and init has come to the same point.', []),
  spawn: row(
    53,
    'OIT',
    'Run a program to its end, with text on its standard input; byte 26 in text and arguments stands for the pid of init. Its failure is ours, with optional 1 only told, with 2 not even that.',
    [
      ['path', 'str'],
      ['argv', 'strs'],
      ['env', 'strs'],
      ['input', 'bytes'],
      ['timeoutMs', 'u32'],
      ['optional', 'u32'],
    ],
  ),
  writePid: row(54, 'O', "Write a file with the number of init, or with all of /proc's line about it.", [
    ['path', 'str'],
    ['line', 'u32'],
  ]),
  listen: row(55, 'O', 'Make the gate: a socket in an open directory, on which init waits to be started.', [
    ['slot', 'slot'],
    ['dir', 'slot'],
    ['name', 'str'],
  ]),
  knock: row(
    57,
    'O',
    'Start the box that waits behind a gate of an open directory, and hear whether its program runs.',
    [
      ['dir', 'slot'],
      ['gate', 'str'],
      ['process', 'str'],
    ],
  ),
  started: row(59, 'O', 'Wait until the program runs.', []),
  detach: row(60, 'O', 'Leave the box to itself: nothing is torn down.', []),
  connect: row(61, 'O', 'Connect to a socket of the host.', [
    ['slot', 'slot'],
    ['path', 'str'],
  ]),
  listener: row(
    63,
    'O',
    'Whom to hand the descriptor on which a system call filter asks, and with which words (byte 26 stands for the pid of init).',
    [
      ['path', 'str'],
      ['words', 'bytes'],
    ],
  ),
  deviceFilter: row(64, 'O', 'Put an eBPF program that decides on devices on a cgroup (v2).', [
    ['cgroup', 'slot'],
    ['program', 'bytes'],
  ]),
  own: row(75, 'O', 'Take over what an earlier run has left: all that the teardown names is ours.', []),
} as const satisfies Record<string, OpRow>
