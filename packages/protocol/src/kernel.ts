/**
 * Kernel constants the planners use. `make gen` writes one _Static_assert per row, so a wrong number here does
 * not compile.
 */
export const KERNEL = {
  // clone3(2), unshare(2)
  CLONE_NEWTIME: 0x80,
  CLONE_NEWNS: 0x20000,
  CLONE_NEWCGROUP: 0x2000000,
  CLONE_NEWUSER: 0x10000000,
  CLONE_NEWUTS: 0x4000000,
  CLONE_NEWIPC: 0x8000000,
  CLONE_NEWPID: 0x20000000,
  CLONE_NEWNET: 0x40000000,
  // open(2)
  O_RDONLY: 0,
  O_NONBLOCK: 0x800,
  O_PATH: 0x200000,
  O_DIRECTORY: 0x10000,
  O_NOFOLLOW: 0x20000,
  // mount(2)
  MS_REC: 0x4000,
  MS_UNBINDABLE: 0x20000,
  MS_PRIVATE: 0x40000,
  MS_SLAVE: 0x80000,
  MS_SHARED: 0x100000,
  MS_NODEV: 4,
  // mount_setattr(2), fsmount(2)
  MOUNT_ATTR_RDONLY: 0x1,
  MOUNT_ATTR_NOSUID: 0x2,
  MOUNT_ATTR_NODEV: 0x4,
  MOUNT_ATTR_NOEXEC: 0x8,
  // mknod(2)
  S_IFIFO: 0x1000,
  S_IFCHR: 0x2000,
  S_IFBLK: 0x6000,
  // getrlimit(2)
  RLIMIT_CPU: 0,
  RLIMIT_FSIZE: 1,
  RLIMIT_DATA: 2,
  RLIMIT_STACK: 3,
  RLIMIT_CORE: 4,
  RLIMIT_RSS: 5,
  RLIMIT_NPROC: 6,
  RLIMIT_NOFILE: 7,
  RLIMIT_MEMLOCK: 8,
  RLIMIT_AS: 9,
  RLIMIT_LOCKS: 10,
  RLIMIT_SIGPENDING: 11,
  RLIMIT_MSGQUEUE: 12,
  RLIMIT_NICE: 13,
  RLIMIT_RTPRIO: 14,
  RLIMIT_RTTIME: 15,
} as const

/** "No limit" of getrlimit(2). */
export const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn
