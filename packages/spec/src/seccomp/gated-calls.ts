import type { Capability } from '../capabilities.ts'
import { words } from './words.ts'

/** Calls a box may make when it has one of the capabilities that the kernel asks for anyway. */
export interface GatedCalls {
  readonly anyOf: readonly Capability[]
  readonly calls: readonly string[]
}

/**
 * Without the capability these answer EPERM, as the kernel itself would; but then none of its code behind them has run,
 * and a user namespace, where all capabilities are to be had, cannot be made.
 */
export const GATED_CALLS: readonly GatedCalls[] = [
  {
    anyOf: ['SYS_ADMIN'],
    calls: words(`
      fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie mount mount_setattr move_mount open_tree pivot_root
      quotactl quotactl_fd setdomainname sethostname setns umount2 unshare
    `),
  },
  { anyOf: ['SYS_ADMIN', 'BPF'], calls: ['bpf'] },
  { anyOf: ['SYS_ADMIN', 'PERFMON'], calls: ['perf_event_open'] },
  { anyOf: ['SYS_ADMIN', 'SYSLOG'], calls: ['syslog'] },
  { anyOf: ['DAC_READ_SEARCH'], calls: ['open_by_handle_at'] },
  { anyOf: ['SYS_BOOT'], calls: ['reboot'] },
  { anyOf: ['SYS_CHROOT'], calls: ['chroot'] },
  { anyOf: ['SYS_MODULE'], calls: ['delete_module', 'finit_module', 'init_module'] },
  { anyOf: ['SYS_NICE'], calls: ['mbind', 'set_mempolicy', 'set_mempolicy_home_node'] },
  { anyOf: ['SYS_PACCT'], calls: ['acct'] },
  {
    anyOf: ['SYS_PTRACE'],
    calls: words('kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace'),
  },
  { anyOf: ['SYS_RAWIO'], calls: ['ioperm', 'iopl'] },
  { anyOf: ['SYS_TIME'], calls: ['clock_settime', 'settimeofday'] },
  { anyOf: ['SYS_TTY_CONFIG'], calls: ['vhangup'] },
]

/**
 * With CAP_SYS_ADMIN only. Without it these are unknown (ENOSYS) rather than refused, so that programs take the older
 * call: the C libraries fall back from clone3, whose flags lie behind a pointer, to clone, whose flags can be looked at.
 */
export const ADMIN_ELSE_UNKNOWN: readonly string[] = ['clone3', 'listmount', 'open_tree_attr', 'statmount']

/**
 * EPERM whatever the capabilities are: ways into the kernel that reach around this filter (io_uring), that have served
 * attacks more than programs, or that change the whole machine.
 */
export const REFUSED_CALLS: readonly string[] = words(`
  add_key io_uring_enter io_uring_register io_uring_setup kexec_file_load kexec_load keyctl migrate_pages move_pages
  request_key swapoff swapon userfaultfd vmsplice
`)
