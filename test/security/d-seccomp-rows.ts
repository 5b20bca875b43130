/** A system call by name, with arguments that do no harm where nothing refuses it. */
export interface Row {
  /** Of the attacks this stands for; a name of test/security/README.md. */
  readonly rows: string
  readonly call: string
  readonly args?: readonly (bigint | number | Buffer)[]
  /** What the default box is answered on a 64-bit machine. */
  readonly answer: 'errno=1' | 'errno=38' | 'errno=97' | 'errno=93'
}

const SIGCHLD = 17n
const NEWUSER = 0x1000_0000n
const BAD_FD = -1
/** An address no program has anything at. */
const NOWHERE = 1
const UPPER = 1n << 32n
const TIOCSTI = 0x5412n
const TIOCLINUX = 0x541cn
const AF = { key: 15, netlink: 16, rxrpc: 33, alg: 38, vsock: 40 } as const
const RAW = 3
const SEQPACKET = 5

const refused = (rows: string, call: string, ...args: (bigint | number)[]): Row => ({
  rows,
  call,
  args,
  answer: 'errno=1',
})

/** As on a kernel that has no such family. */
const noFamily = (rows: string, family: bigint | number, type: number, call = 'socket'): Row => ({
  rows,
  call,
  args: call === 'socketpair' ? [family, type, 0, NOWHERE] : [family, type, 0],
  answer: 'errno=97',
})

const NAMESPACES_AND_MOUNTS: readonly Row[] = [
  refused('D16 L2 H24', 'clone', NEWUSER | SIGCHLD),
  refused('D16 L2', 'clone', UPPER | NEWUSER | SIGCHLD),
  refused('D16', 'clone', 0x2_0000n | SIGCHLD),
  { rows: 'D16 L2', call: 'clone3', args: [NOWHERE, 64], answer: 'errno=38' },
  refused('D16 L2 H24', 'unshare', NEWUSER),
  refused('D16', 'unshare', 0),
  refused('D16', 'setns', BAD_FD, 0),
  refused('D16', 'mount', 0, 0, 0, 0, 0),
  refused('D16', 'umount2', 0, 0),
  refused('D16', 'pivot_root', 0, 0),
  refused('D16', 'open_tree', BAD_FD, NOWHERE, 0),
  refused('D16', 'move_mount', BAD_FD, NOWHERE, BAD_FD, NOWHERE, 0),
  refused('D16', 'fsopen', 0, 0),
  refused('D16', 'fsconfig', BAD_FD, 0, 0, 0, 0),
  refused('D16', 'fsmount', BAD_FD, 0, 0),
  refused('D16', 'fspick', BAD_FD, NOWHERE, 0),
  refused('D16', 'mount_setattr', BAD_FD, NOWHERE, 0, 0, 0),
  refused('D16', 'chroot', NOWHERE),
]

const TERMINALS: readonly Row[] = [
  refused('D17', 'ioctl', BAD_FD, TIOCSTI, NOWHERE),
  refused('D17', 'ioctl', BAD_FD, UPPER | TIOCSTI, NOWHERE),
  refused('D17', 'ioctl', BAD_FD, (0xffff_ffffn << 32n) | TIOCSTI, NOWHERE),
  refused('D17 F2', 'ioctl', BAD_FD, TIOCLINUX, NOWHERE),
  refused('D17 F2', 'ioctl', BAD_FD, UPPER | TIOCLINUX, NOWHERE),
]

const SOCKETS: readonly Row[] = [
  noFamily('D18 H24 L3', AF.alg, SEQPACKET),
  noFamily('D18 L3', UPPER | BigInt(AF.alg), SEQPACKET),
  noFamily('D18 L3', AF.alg, SEQPACKET, 'socketpair'),
  noFamily('D18 H24 L10', AF.vsock, 1),
  noFamily('D18 L10', UPPER | BigInt(AF.vsock), 1),
  noFamily('D18 L10', AF.vsock, 1, 'socketpair'),
  noFamily('H24 L4', AF.rxrpc, 2, 'socketpair'),
  noFamily('H24 L4', AF.key, RAW, 'socketpair'),
  { rows: 'L2', call: 'socket', args: [AF.netlink, RAW, 12], answer: 'errno=93' },
  { rows: 'L4', call: 'socket', args: [AF.netlink, RAW, 6], answer: 'errno=93' },
  { rows: 'L10', call: 'socket', args: [AF.netlink, RAW, 16], answer: 'errno=93' },
]

const KERNEL: readonly Row[] = [
  refused('L5', 'io_uring_setup', 0, 0),
  refused('L5', 'io_uring_enter', BAD_FD, 0, 0, 0, 0),
  refused('L5', 'io_uring_register', BAD_FD, 0, 0, 0),
  refused('L6', 'bpf', 0xffff, NOWHERE, 8),
  refused('L6', 'perf_event_open', NOWHERE, 0, -1, -1, 0),
  refused('L6', 'userfaultfd', 0x7fff_0000),
  refused('L6', 'kexec_load', NOWHERE, 0, 0, 0xffff),
  refused('L6', 'kexec_file_load', BAD_FD, BAD_FD, 0, 0, 0),
  refused('L6', 'init_module', NOWHERE, 0, NOWHERE),
  refused('L6', 'finit_module', BAD_FD, NOWHERE, 0),
  refused('L6', 'delete_module', NOWHERE, 0),
  refused('L6 D15', 'keyctl', 0xffff),
  refused('L6 D15', 'add_key', NOWHERE, NOWHERE, 0, 0, 0),
  refused('L6 D15', 'request_key', NOWHERE, NOWHERE, 0, 0),
  refused('L6', 'ptrace', 0xffff, 0, 0, 0),
  refused('L6', 'process_vm_readv', -1, 0, 0, 0, 0, 1),
  refused('L6', 'process_vm_writev', -1, 0, 0, 0, 0, 1),
  refused('L6', 'process_madvise', BAD_FD, 0, 0, 0, 0),
  refused('L6', 'kcmp', -1, -1, 0, 0, 0),
  refused('L6', 'pidfd_getfd', BAD_FD, 0, 0),
  refused('L6', 'open_by_handle_at', BAD_FD, NOWHERE, 0),
  refused('L6', 'syslog', 0xffff, 0, 0),
  refused('L6', 'vmsplice', BAD_FD, NOWHERE, 0, 0),
  refused('L6', 'fanotify_init', 0xffff_ffff, 0),
]

const MACHINE: readonly Row[] = [
  refused('L11', 'clock_settime', 0, NOWHERE),
  refused('L11', 'settimeofday', NOWHERE, 0),
  refused('L11', 'sethostname', NOWHERE, -1),
  refused('L11', 'setdomainname', NOWHERE, -1),
  refused('L11', 'swapon', NOWHERE, 0),
  refused('L11', 'swapoff', NOWHERE),
  refused('L11', 'reboot', 0, 0, 0, 0),
  refused('L11', 'acct', NOWHERE),
  refused('L11', 'quotactl', 0, NOWHERE, 0, 0),
  refused('L12', 'personality', 0x4_0000n),
  refused('L12', 'personality', 0x40_0000n),
  refused('L12', 'personality', UPPER | 0x4_0000n),
]

export const ROWS: readonly Row[] = [
  ...NAMESPACES_AND_MOUNTS,
  ...TERMINALS,
  ...SOCKETS,
  ...KERNEL,
  ...MACHINE,
]

/** What any program needs: a filter that refused everything would pass all the rows above. */
export const ALLOWED: readonly Omit<Row, 'rows' | 'answer'>[] = [
  { call: 'getpid' },
  { call: 'openat', args: [BAD_FD, NOWHERE, 0] },
  { call: 'execveat', args: [BAD_FD, NOWHERE, 0, 0, 0] },
  { call: 'mmap', args: [0, 4096, 3, 0x22, -1, 0] },
  { call: 'futex', args: [NOWHERE, 0, 0] },
  { call: 'clone', args: [SIGCHLD] },
  { call: 'ioctl', args: [BAD_FD, 0x5401n, NOWHERE] },
  { call: 'ioctl', args: [BAD_FD, 0x5413n, NOWHERE] },
  { call: 'ioctl', args: [BAD_FD, 0xffff_ffff_8004_5430n, NOWHERE] },
  { call: 'socket', args: [1, 1, 0] },
  { call: 'socket', args: [2, 1, 0] },
  { call: 'socket', args: [10, 2, 0] },
  { call: 'socket', args: [AF.netlink, RAW, 0] },
  { call: 'socketpair', args: [1, 1, 0, NOWHERE] },
  { call: 'personality', args: [0xffff_ffffn] },
  { call: 'personality', args: [-1] },
  { call: 'prctl', args: [0xffff, 0, 0, 0, 0] },
  { call: 'seccomp', args: [0xffff, 0, 0] },
  { call: 'adjtimex', args: [NOWHERE] },
  { call: 'io_setup', args: [0, NOWHERE] },
]
