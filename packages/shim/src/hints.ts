import { CLAIM, type Op } from '@tsbox/protocol'

export interface HintRow {
  readonly step: Op['op'] | 'any'
  readonly errno: string
  readonly when?: (op: Op) => boolean
  readonly hint: string
}

const pathIs = (path: RegExp) => (op: Op) => 'path' in op && path.test(String(op.path))
const fileIs = (file: RegExp) => (op: Op) => 'file' in op && file.test(String(op.file))
const isOverlay = (op: Op) => op.op === 'fsMount' && op.type === 'overlay'
/** A container's, not a box's: what is left of an ended one is taken, one that lives is not. */
const isContainers = (op: Op) =>
  (op.op === 'claim' && op.reclaim === CLAIM.refuse) || (op.op === 'makeCgroup' && op.reuse !== 0)
const targetIs = (target: RegExp) => (op: Op) => 'target' in op && target.test(String(op.target))

/** What an errno means at a step, and what to try. A row per lesson; the first that fits is given. */
export const HINTS: readonly HintRow[] = [
  {
    step: 'writeAt',
    errno: 'EACCES',
    when: fileIs(/^sys\//),
    hint: 'This parameter belongs to the host, not to the namespaces of a box.',
  },
  {
    step: 'writeAt',
    errno: 'ENOENT',
    when: fileIs(/^sys\//),
    hint: 'This kernel has no such parameter, or not in the namespaces of a box: `tsbox run sysctl -a` lists those there are.',
  },
  {
    step: 'lock',
    errno: 'EAGAIN',
    hint: 'Another box writes to it: wait for that one, or give another --upper.',
  },
  {
    step: 'closeFds',
    errno: 'EISDIR',
    hint: 'Standard input, output and error must not be directories: a box could leave through them.',
  },
  {
    step: 'claim',
    errno: 'EEXIST',
    when: isContainers,
    hint: 'Delete that container first, or choose another id.',
  },
  { step: 'claim', errno: 'EEXIST', hint: 'Stop that box, or choose another --name.' },
  {
    step: 'claim',
    errno: 'EROFS',
    hint: '/run must be writable: tsbox keeps a directory there for each running box.',
  },
  {
    step: 'exec',
    errno: 'ENOENT',
    hint: "Check the name and the box's PATH; a script also needs its interpreter in the box.",
  },
  {
    step: 'exec',
    errno: 'EACCES',
    hint: 'It needs execute permission for the user of the box, and must not lie on a noexec mount.',
  },
  {
    step: 'exec',
    errno: 'ENOEXEC',
    hint: 'It is neither a program for this machine nor a script that begins with #!.',
  },
  { step: 'exec', errno: 'ENAMETOOLONG', hint: 'A name has at most 255 bytes, a path 4095.' },
  { step: 'exec', errno: 'E2BIG', hint: 'The arguments and the environment together are too large.' },
  {
    step: 'makeCgroup',
    errno: 'EEXIST',
    when: isContainers,
    hint: 'Limits would hold for those too: name a group that has no processes.',
  },
  {
    step: 'makeCgroup',
    errno: 'EEXIST',
    hint: 'A cgroup of this name exists and is not a box of ours: choose another --name or --cgroup-parent.',
  },
  {
    step: 'makeCgroup',
    errno: 'EROFS',
    hint: 'The cgroup file system is read-only here; `tsbox doctor` says what is writable.',
  },
  {
    step: 'makeCgroup',
    errno: 'EACCES',
    hint: 'This group may not be changed from here; choose a writable --cgroup-parent.',
  },
  {
    step: 'makeCgroup',
    errno: 'EBUSY',
    hint: 'On cgroup v2 a group with processes of its own cannot pass controllers on: choose a --cgroup-parent without processes.',
  },
  { step: 'makeCgroup', errno: 'ENOSPC', hint: 'The parent allows no more groups (cgroup.max.descendants).' },
  {
    step: 'writeAt',
    errno: 'ENOENT',
    when: fileIs(/^attr\/apparmor/),
    hint: 'No AppArmor profile of this name is loaded: load it with apparmor_parser(8), or name another.',
  },
  {
    step: 'writeAt',
    errno: 'ENOENT',
    when: fileIs(/^memory\.(memsw|swap)/),
    hint: 'This kernel does not account swap: leave out --memory-swap, or boot with swapaccount=1.',
  },
  {
    step: 'writeAt',
    errno: 'ENOENT',
    when: fileIs(/^(io|blkio)\..*weight/),
    hint: 'This kernel has no proportional I/O control for its disks: leave out the I/O weight.',
  },
  {
    step: 'writeAt',
    errno: 'ENOENT',
    hint: 'This kernel does not have that file; leave out the option that sets it.',
  },
  {
    step: 'writeAt',
    errno: 'ERANGE',
    when: fileIs(/^cpuset\./),
    hint: 'This machine does not have so many CPUs; `nproc --all` says how many.',
  },
  {
    step: 'writeAt',
    errno: 'ENODEV',
    hint: 'There is no such block device: give its major:minor, as `lsblk` shows it.',
  },
  { step: 'writeAt', errno: 'EINVAL', hint: 'The kernel does not take this value here.' },
  {
    step: 'writeAt',
    errno: 'EACCES',
    when: fileIs(/^cpuset\./),
    hint: 'The parent cpuset does not have these CPUs.',
  },
  {
    step: 'clone',
    errno: 'EPERM',
    hint: 'Making namespaces needs CAP_SYS_ADMIN, which is often missing inside another container.',
  },
  { step: 'clone', errno: 'ENOSPC', hint: 'A limit in /proc/sys/user (max_*_namespaces) is reached.' },
  { step: 'clone', errno: 'EAGAIN', hint: 'The process limit of the caller or of its cgroup is reached.' },
  {
    step: 'clone',
    errno: 'EINVAL',
    hint: 'This kernel lacks one of the namespaces; `tsbox doctor` names it.',
  },
  { step: 'open', errno: 'ENOENT', hint: 'There is no such file or directory on this host.' },
  { step: 'open', errno: 'ENOTDIR', hint: 'It is not a directory.' },
  { step: 'openTree', errno: 'ENOENT', hint: 'There is no such file or directory on this host.' },
  {
    step: 'attach',
    errno: 'ELOOP',
    when: targetIs(/^\/(proc|sys|dev)$/),
    hint: 'The root has a symbolic link where a directory of the kernel belongs; such a root is refused.',
  },
  { step: 'attach', errno: 'ELOOP', hint: 'The way there is a loop of symbolic links.' },
  {
    step: 'attach',
    errno: 'EROFS',
    hint: 'The mount point is missing in a read-only root: make the directory there first.',
  },
  {
    step: 'attach',
    errno: 'ENOTDIR',
    hint: 'A directory can only be mounted on a directory, and a file on a file.',
  },
  {
    step: 'attach',
    errno: 'EINVAL',
    hint: 'A directory can only be mounted on a directory, and a file on a file.',
  },
  {
    step: 'attach',
    errno: 'ENOSPC',
    hint: 'The limit of mounts in a namespace is reached (/proc/sys/fs/mount-max).',
  },
  {
    step: 'fsMount',
    errno: 'ENODEV',
    hint: 'This kernel has no such file system, or its module is not loaded (modprobe): /proc/filesystems has those there are.',
  },
  {
    step: 'fsMount',
    errno: 'EPERM',
    hint: 'Mounting needs CAP_SYS_ADMIN and an unmasked /proc, which is often missing inside another container.',
  },
  {
    step: 'fsMount',
    errno: 'EINVAL',
    when: isOverlay,
    hint: 'overlayfs refuses these layers: the upper one must not lie on overlayfs or a network file system, nor be a mount point itself.',
  },
  {
    step: 'fsMount',
    errno: 'ELOOP',
    when: isOverlay,
    hint: 'One layer lies inside another, or a layer is named twice.',
  },
  { step: 'mountOverlay', errno: 'ELOOP', hint: 'One layer lies inside another, or a layer is named twice.' },
  {
    step: 'mountOverlay',
    errno: 'EINVAL',
    hint: 'overlayfs refuses these layers: the upper one must not lie on overlayfs or a network file system, nor be a mount point itself.',
  },
  {
    step: 'mountOverlay',
    errno: 'ENODEV',
    hint: 'This kernel has no overlayfs; load its module (modprobe overlay).',
  },
  {
    step: 'setRlimit',
    errno: 'EPERM',
    hint: 'Raising a hard limit needs CAP_SYS_RESOURCE: ask for no more than `ulimit -H` shows.',
  },
  {
    step: 'setCaps',
    errno: 'EPERM',
    hint: 'A box cannot have a capability that tsbox itself does not have; see CapPrm in /proc/self/status.',
  },
  { step: 'changeDir', errno: 'ENOENT', hint: 'The working directory must exist in the box.' },
  { step: 'changeDir', errno: 'ENOTDIR', hint: 'The working directory must be a directory of the box.' },
  { step: 'changeDir', errno: 'EXDEV', hint: 'The working directory must lie inside the root.' },
  { step: 'init', errno: 'EAGAIN', hint: 'The process 1 of --init counts too: give --pids 2 or more.' },
  {
    step: 'mapOwners',
    errno: 'EINVAL',
    hint: 'This kernel cannot map owners on the file system of the source (tmpfs: since Linux 6.3), or they are mapped already.',
  },
  { step: 'makeFile', errno: 'EEXIST', hint: 'The file is there already.' },
  { step: 'openTerminal', errno: 'ENOTTY', hint: 'Use -T when standard input or output is no terminal.' },
  {
    step: 'any',
    errno: 'ENOSYS',
    hint: 'This kernel is too old, or a seccomp filter hides the call: tsbox needs Linux 5.12.',
  },
  {
    step: 'any',
    errno: 'ENOSPC',
    hint: 'There is no space left where this was to be written, or the memory of the box is used up.',
  },
  { step: 'any', errno: 'ENOMEM', hint: 'The memory limit of the box is too small for its own set-up.' },
  {
    step: 'any',
    errno: 'EBADF',
    hint: 'The limit of open files is too low for the set-up of a box: try `ulimit -n 1024`, or a higher --ulimit nofile.',
  },
  {
    step: 'joinNamespaces',
    errno: 'EINVAL',
    hint: 'It is no namespace of the type it is given for: see where the link /proc/PID/ns/TYPE leads.',
  },
  ...(['meet', 'started'] as const).map(step => ({
    step,
    errno: 'EPIPE',
    hint: 'Its first process ended before it was set up: a memory limit too small for that, a system call filter, or somebody killed it.',
  })),
  { step: 'any', errno: 'EPIPE', hint: 'The owner of the box went away.' },
  {
    step: 'any',
    errno: 'EPERM',
    when: pathIs(/^\/proc\//),
    hint: 'The kernel does not allow this here; inside another container it may have to be privileged.',
  },
]

/** One sentence on what to try, or undefined when the errno says all there is to say. */
export const hintFor = (op: Op, errno: string): string | undefined =>
  HINTS.find(
    row => (row.step === op.op || row.step === 'any') && row.errno === errno && (row.when?.(op) ?? true),
  )?.hint
