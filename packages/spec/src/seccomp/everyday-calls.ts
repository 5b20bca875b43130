import { words } from './words.ts'

/**
 * System calls every program in a box may make, whatever the arguments: what works on the caller's own files, memory,
 * processes and connections, where the kernel's own checks are enough. x86-64 and arm64; a name that one of them, or the
 * libseccomp at hand, does not know is left out there.
 */
const FILES = words(`
  access cachestat chdir chmod chown close close_range copy_file_range creat dup dup2 dup3 faccessat
  faccessat2 fadvise64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl
  fdatasync fgetxattr file_getattr file_setattr flistxattr flock fremovexattr fsetxattr fstat fstatfs
  fsync ftruncate futimesat getcwd getdents getdents64 getxattr getxattrat inotify_add_watch
  inotify_init inotify_init1 inotify_rm_watch lchown lgetxattr link linkat listxattr listxattrat
  llistxattr lremovexattr lseek lsetxattr lstat memfd_create memfd_secret mkdir mkdirat mknod mknodat
  name_to_handle_at newfstatat open openat openat2 pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev
  pwritev2 read readahead readlink readlinkat readv removexattr removexattrat rename renameat renameat2
  rmdir sendfile setxattr setxattrat splice stat statfs statx symlink symlinkat sync sync_file_range
  syncfs tee truncate umask unlink unlinkat utime utimensat utimes write writev
`)

const MEMORY = words(`
  brk get_mempolicy madvise map_shadow_stack mincore mlock mlock2 mlockall mmap mprotect mremap mseal
  msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect process_mrelease remap_file_pages
`)

const WAITING = words(`
  epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 futex
  futex_requeue futex_wait futex_waitv futex_wake get_robust_list io_cancel io_destroy io_getevents
  io_pgetevents io_setup io_submit membarrier poll ppoll pselect6 select set_robust_list signalfd
  signalfd4
`)

/**
 * Setting the clock needs CAP_SYS_TIME, which the kernel asks for; reading its state needs nothing, and adjtimex and
 * clock_adjtime tell the two apart behind a pointer.
 */
const TIME = words(`
  adjtimex alarm clock_adjtime clock_getres clock_gettime clock_nanosleep getitimer gettimeofday
  nanosleep setitimer time timer_create timer_delete timer_getoverrun timer_gettime timer_settime
  timerfd_create timerfd_gettime timerfd_settime times
`)

/** `uprobe` and `uretprobe` are calls the kernel makes a program do where a profiler of the host probes it. */
const PROCESSES = words(`
  arch_prctl capget capset execve execveat exit exit_group fork getcpu getegid geteuid getgid getgroups
  getpgid getpgrp getpid getppid getpriority getrandom getresgid getresuid getrlimit getrusage getsid
  gettid getuid ioprio_get ioprio_set landlock_add_rule landlock_create_ruleset landlock_restrict_self
  lsm_get_self_attr lsm_list_modules pidfd_open prctl prlimit64 rseq sched_get_priority_max
  sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler
  sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield
  seccomp set_tid_address setfsgid setfsuid setgid setgroups setpgid setpriority setregid setresgid
  setresuid setreuid setrlimit setsid setuid sysinfo uname uprobe uretprobe vfork wait4 waitid
`)

const SIGNALS = words(`
  kill pause pidfd_send_signal restart_syscall rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo
  rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sigaltstack tgkill tkill
`)

const MESSAGES = words(`
  accept accept4 bind connect getpeername getsockname getsockopt listen mq_getsetattr mq_notify mq_open
  mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd recvfrom recvmmsg recvmsg semctl
  semget semop semtimedop sendmmsg sendmsg sendto setsockopt shmat shmctl shmdt shmget shutdown
`)

export const EVERYDAY_CALLS: readonly string[] = [
  ...FILES,
  ...MEMORY,
  ...WAITING,
  ...TIME,
  ...PROCESSES,
  ...SIGNALS,
  ...MESSAGES,
]
