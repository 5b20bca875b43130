import {
  KERNEL,
  type Op,
  PLAN_FLAGS,
  type Plan,
  PROTOCOL,
  RLIM_INFINITY,
} from '../../packages/protocol/src/index.ts'

/** Plans whose bytes and description are kept beside this file, for both languages to agree on. */
export interface Vector {
  readonly plan: Plan
  readonly flags: number
}

const NOTHING: Plan = { outer: [], inner: [], teardown: [] }

const CONTROL: Plan['outer'] = [{ op: 'await', tag: 1 }]

const HOOK: Op = {
  op: 'spawn',
  path: '/bin/hook',
  argv: ['hook', '\u001a'],
  env: ['A=1'],
  input: '{"pid":\u001a}',
  timeoutMs: 5000,
  optional: 1,
}

/** What supervisor and init can both do. */
const ON_BOTH_SIDES: readonly Op[] = [
  HOOK,
  { op: 'meet' },
  { op: 'openTree', slot: 8, from: PROTOCOL.noSlot, path: '/srv', recursive: 1 },
  { op: 'makeDir', root: 0, path: 'a', mode: 0o700 },
  { op: 'makeFile', root: 0, path: 'a/f', mode: 0o600, data: 'text' },
  { op: 'unshare', flags: BigInt(KERNEL.CLONE_NEWTIME) },
  { op: 'joinNamespaces', from: 60, flags: BigInt(KERNEL.CLONE_NEWPID) },
  { op: 'setAffinity', processors: Buffer.from([3]) },
]

/** The smallest box: claim a name, start a program, wait, give the name back. */
const SMALLEST: Plan = {
  outer: [
    { op: 'claim', slot: 0, path: '/run/tsbox/smallest', reclaim: 1 },
    { op: 'clone', flags: 0n, cgroup: PROTOCOL.noSlot },
    { op: 'supervise', timeoutMs: 0, stopSignal: 15, stopTimeoutMs: 10_000, flags: 1 },
  ],
  inner: [{ op: 'exec', paths: ['/bin/sh'], argv: ['sh', '-c', 'exit 7'], env: ['PATH=/bin'] }],
  teardown: [{ op: 'release', path: '/run/tsbox/smallest' }],
}

const outer: readonly Op[] = [
  { op: 'handback', argv: ['/usr/bin/node', 'tsbox.cjs'], env: ['A=1', 'B='], always: 1 },
  { op: 'lock', slot: 51, path: '/srv/upper' },
  { op: 'claim', slot: 0, path: '/run/tsbox/every', reclaim: 1 },
  {
    op: 'makeCgroup',
    slot: 16,
    mount: '/sys/fs/cgroup',
    path: '/tsbox/every',
    enable: '+pids +memory',
    inherit: ['cpuset.cpus', 'cpuset.mems'],
    reuse: 0,
  },
  { op: 'writeAt', dir: 16, file: 'pids.max', data: '20' },
  { op: 'open', slot: 1, path: '/srv', flags: KERNEL.O_PATH | KERNEL.O_DIRECTORY },
  { op: 'clone', flags: BigInt(KERNEL.CLONE_NEWNS | KERNEL.CLONE_NEWPID), cgroup: 16 },
  { op: 'take', slot: 0, path: '/run/tsbox/every' },
  { op: 'ended', dir: 0, file: 'process' },
  { op: 'own' },
  { op: 'openProcess', slot: 60, pid: 4242, started: 123_456_789n },
  { op: 'sendSignal', process: 60, signal: 9 },
  { op: 'joinNamespaces', from: 60, flags: BigInt(KERNEL.CLONE_NEWPID) },
  { op: 'mapIds', users: '0 100000 65536\n', groups: '0 100000 65536\n', setGroups: 1 },
  { op: 'makeUserNamespace', slot: 61, users: '0 1000 1\n', groups: '0 1000 1\n' },
  { op: 'mapOwners', mount: 8, namespace: 61, recursive: 1 },
  { op: 'writePid', path: '/run/every.pid', line: 0 },
  { op: 'listen', slot: 10, dir: 0, name: 'gate' },
  { op: 'knock', dir: 0, gate: 'gate', process: 'process' },
  { op: 'started' },
  { op: 'connect', slot: 11, path: '/run/console.sock' },
  { op: 'listener', path: '/run/agent.sock', words: '{"pid":\u001a}' },
  { op: 'deviceFilter', cgroup: 16, program: Buffer.from([0xb7, 0, 0, 0, 1, 0, 0, 0]) },
  { op: 'detach' },
  { op: 'await', tag: 7 },
  { op: 'supervise', timeoutMs: 5000, stopSignal: 15, stopTimeoutMs: 10_000, flags: 3 },
]

const mounts: readonly Op[] = [
  { op: 'unshare', flags: BigInt(KERNEL.CLONE_NEWCGROUP) },
  { op: 'setPropagation', path: '/', flags: BigInt(KERNEL.MS_REC | KERNEL.MS_PRIVATE) },
  { op: 'mountOverlay', slot: 3, target: '/run/tsbox/every/root', options: 'lowerdir=/a:/b', flags: 0n },
  { op: 'fsMount', slot: 4, type: 'tmpfs', options: ['mode', '755', 'newinstance', ''], attributes: 6 },
  { op: 'openTree', slot: 8, from: PROTOCOL.noSlot, path: '/srv', recursive: 1 },
  { op: 'setMountAttributes', mount: 8, set: BigInt(KERNEL.MOUNT_ATTR_RDONLY), clear: 4n, recursive: 1 },
  { op: 'attach', mount: 8, root: 3, target: '/srv', make: 1, nofollow: 0 },
  { op: 'makeDir', root: 3, path: 'tmp', mode: 0o1777 },
  { op: 'makeFile', root: 3, path: 'etc/hosts', mode: 0o644, data: '127.0.0.1\tlocalhost\n' },
  { op: 'makeNode', root: 4, path: 'null', mode: KERNEL.S_IFCHR | 0o666, major: 1, minor: 3, uid: 0, gid: 5 },
  { op: 'makeLink', root: 4, path: 'fd', target: '/proc/self/fd' },
  { op: 'mask', root: 3, path: '/proc/kcore', dev: 4 },
  { op: 'protect', root: 3, path: '/proc/sys' },
  { op: 'setMountPropagation', mount: 3, propagation: BigInt(KERNEL.MS_PRIVATE), recursive: 1 },
  { op: 'openInside', slot: 4, root: 3, path: '/dev', make: 1, nofollow: 1 },
  { op: 'copyUp', from: 9, to: 8 },
  { op: 'moveRoot', root: 3 },
  { op: 'pivotRoot', root: 3 },
]

const becoming: readonly Op[] = [
  { op: 'setHostname', name: 'container' },
  { op: 'interfaceUp', name: 'lo' },
  { op: 'init' },
  { op: 'setRlimit', resource: KERNEL.RLIMIT_NOFILE, soft: 1024n, hard: RLIM_INFINITY },
  { op: 'newSession', keyring: '' },
  { op: 'openTerminal', pts: 7, uid: 1000, to: PROTOCOL.noSlot, console: 8, rows: 24, columns: 80 },
  { op: 'closeFds', preserve: 0, keep: [] },
  { op: 'changeDir', path: '/' },
  { op: 'setUmask', mask: 0o022 },
  { op: 'boundCaps', keep: 0x1ffn },
  { op: 'setIds', uid: 1000, gid: 1000, groups: [1000, 4, 20], setGroups: 1 },
  { op: 'setCaps', permitted: 0x1ffn, effective: 0xffn, inheritable: 1n, ambient: 1n },
  { op: 'noNewPrivs' },
  { op: 'fork' },
  { op: 'meet' },
  HOOK,
  { op: 'setDomainname', name: 'example' },
  { op: 'personality', persona: 8 },
  { op: 'setScheduler', settings: Buffer.alloc(48) },
  { op: 'setIoPriority', priority: 0x4004 },
  { op: 'setAffinity', processors: Buffer.from([3]) },
  { op: 'findProgram', paths: ['/bin/sh'] },
  { op: 'findHome', uid: 1000 },
  { op: 'outlive' },
  { op: 'gate', slot: 10 },
  { op: 'seccomp', flags: 2, program: Buffer.from([6, 0, 0, 0, 0, 0, 0xff, 0x7f]) },
  { op: 'exec', paths: ['/usr/bin/sh', '/bin/sh'], argv: ['sh'], env: ['PATH=/bin', 'HOME=/'] },
]

const teardown: readonly Op[] = [
  { op: 'collect', dir: 16, file: 'pids.events', key: 'max' },
  { op: 'killCgroup', mount: '/sys/fs/cgroup', path: '/tsbox/every' },
  { op: 'removeCgroup', mount: '/sys/fs/cgroup', path: '/tsbox/every' },
  { op: 'release', path: '/run/tsbox/every' },
]

/** What strings may hold: nothing, quotes, control characters, other scripts, bytes that are no text. */
const STRINGS: Plan = {
  ...NOTHING,
  inner: [
    { op: 'exec', paths: [], argv: ['', 'two words', 'a"b\\c', '\t\n\u0001\u007f'], env: [''] },
    { op: 'makeLink', root: 0, path: 'größe 箱 📦', target: '\u202eevil' },
    { op: 'makeLink', root: 0, path: Buffer.from([0x66, 0xff, 0xe9, 0x80]), target: Buffer.from([0x9f]) },
    { op: 'makeFile', root: 0, path: 'x', mode: 0, data: Buffer.from([0, 1, 254, 255, 0]) },
    { op: 'makeFile', root: 0, path: 'empty', mode: 0, data: '' },
  ],
  teardown: [
    { op: 'collect', dir: PROTOCOL.noSlot, file: 'left out', key: null },
    { op: 'collect', dir: 0, file: 'empty', key: '' },
  ],
}

/** Each kind of number at its ends. */
const NUMBERS: Plan = {
  ...NOTHING,
  inner: [
    { op: 'setUmask', mask: 0 },
    { op: 'setUmask', mask: 0xffff_ffff },
    { op: 'unshare', flags: 0n },
    { op: 'unshare', flags: 0xffff_ffff_ffff_ffffn },
    { op: 'unshare', flags: 0x0123_4567_89ab_cdefn },
    { op: 'pivotRoot', root: 0 },
    { op: 'pivotRoot', root: PROTOCOL.maxSlots - 1 },
    { op: 'pivotRoot', root: PROTOCOL.noSlot },
    { op: 'setIds', uid: 0, gid: 0, groups: [], setGroups: 1 },
    { op: 'setIds', uid: 0xffff_fffe, gid: 1, groups: [0, 0xffff_ffff], setGroups: 1 },
  ],
}

export const VECTORS: Readonly<Record<string, Vector>> = {
  nothing: { plan: NOTHING, flags: 0 },
  smallest: { plan: SMALLEST, flags: 0 },
  'every-op': { plan: { outer, inner: [...mounts, ...becoming], teardown }, flags: PLAN_FLAGS.trace },
  'every-chapter': {
    plan: {
      outer: [...CONTROL, ...ON_BOTH_SIDES, { op: 'writeAt', dir: 1, file: 'outer', data: 'o' }],
      inner: [
        ...CONTROL,
        ...ON_BOTH_SIDES,
        { op: 'writeAt', dir: 1, file: 'inner', data: 'i' },
        { op: 'open', slot: 1, path: '/', flags: 0 },
      ],
      teardown: [...CONTROL, HOOK, { op: 'writeAt', dir: 1, file: 'teardown', data: 't' }],
    },
    flags: 0,
  },
  strings: { plan: STRINGS, flags: 0 },
  numbers: { plan: NUMBERS, flags: 0 },
}
