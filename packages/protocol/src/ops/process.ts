import { type OpRow, row } from './row.ts'

/** What init becomes, up to the program. */
export const PROCESS_OPS = {
  unshare: row(8, 'OI', 'Leave the namespaces that depend on where the process already stands.', [
    ['flags', 'u64'],
  ]),
  setHostname: row(22, 'I', 'Name the box.', [['name', 'str']]),
  interfaceUp: row(23, 'I', 'Bring a network interface up.', [['name', 'str']]),
  setRlimit: row(24, 'I', 'Set a resource limit of the process.', [
    ['resource', 'u32'],
    ['soft', 'u64'],
    ['hard', 'u64'],
  ]),
  newSession: row(
    25,
    'I',
    'Start a session of its own and join the session keyring of that name: a new one when the name is empty, none when it is left out.',
    [['keyring', 'str?']],
  ),
  openTerminal: row(
    26,
    'I',
    "Allocate a terminal in the box's own devpts, hand its master to a socket or to the supervisor, make it the standard streams, and keep it as a mount for its console.",
    [
      ['pts', 'slot'],
      ['uid', 'u32'],
      ['to', 'slot'],
      ['console', 'slot'],
      ['rows', 'u32'],
      ['columns', 'u32'],
    ],
  ),
  changeDir: row(27, 'I', 'Enter the working directory and check that it lies inside the root.', [
    ['path', 'str'],
  ]),
  setUmask: row(28, 'I', 'Set the file mode creation mask.', [['mask', 'u32']]),
  boundCaps: row(29, 'I', 'Drop every capability outside a set from the bounding set.', [['keep', 'u64']]),
  setIds: row(
    30,
    'I',
    'Become a user with exactly these groups; where a user namespace has no right to set groups, setGroups is 0.',
    [
      ['uid', 'u32'],
      ['gid', 'u32'],
      ['groups', 'u32s'],
      ['setGroups', 'u32'],
    ],
  ),
  setCaps: row(31, 'I', 'Set the capabilities of the process.', [
    ['permitted', 'u64'],
    ['effective', 'u64'],
    ['inheritable', 'u64'],
    ['ambient', 'u64'],
  ]),
  noNewPrivs: row(32, 'I', 'Give up gaining privileges through exec, for good.', []),
  init: row(
    33,
    'I',
    'Stay as process 1 that forwards signals and reaps; the rest of the plan runs in a child.',
    [],
  ),
  closeFds: row(
    34,
    'I',
    'Close every descriptor but the standard streams, those the caller asked to preserve (3 and up) and the sockets that are still needed.',
    [
      ['preserve', 'u32'],
      ['keep', 'u32s'],
    ],
  ),
  exec: row(35, 'I', 'Become the program: the first of the paths that exists.', [
    ['paths', 'strs'],
    ['argv', 'strs'],
    ['env', 'strs'],
  ]),
  joinNamespaces: row(46, 'OI', 'Enter a namespace that is open, or those of a process that is held.', [
    ['from', 'slot'],
    ['flags', 'u64'],
  ]),
  fork: row(
    51,
    'I',
    'Go on in a new child of the supervisor, the first process of a pid namespace that was unshared.',
    [],
  ),
  gate: row(56, 'I', 'Wait for whoever starts the box; what happens from here on is told to them.', [
    ['slot', 'slot'],
  ]),
  outlive: row(58, 'I', 'Do not end with the supervisor.', []),
  seccomp: row(
    62,
    'I',
    'The system call filter that exec puts on as its last act; flags are of seccomp(2).',
    [
      ['flags', 'u32'],
      ['program', 'bytes'],
    ],
  ),
  setDomainname: row(68, 'I', 'Set the NIS domain name.', [['name', 'str']]),
  personality: row(69, 'I', 'Set the execution domain of the process.', [['persona', 'u32']]),
  setScheduler: row(70, 'I', 'Set the scheduling of the process; the bytes are struct sched_attr.', [
    ['settings', 'bytes'],
  ]),
  setIoPriority: row(71, 'I', 'Set the I/O priority of the process, as ioprio_set(2) encodes it.', [
    ['priority', 'u32'],
  ]),
  setAffinity: row(72, 'OI', 'Choose the processors to run on, a bit for each.', [['processors', 'bytes']]),
  findProgram: row(
    73,
    'I',
    'Check that one of the paths can be executed, so that a program that is not there is told before the gate.',
    [['paths', 'strs']],
  ),
  findHome: row(
    74,
    'I',
    'Look up the home directory of a user in the /etc/passwd of the box, for the environment of exec when that has no HOME.',
    [['uid', 'u32']],
  ),
} as const satisfies Record<string, OpRow>
