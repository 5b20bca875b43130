import { callResult } from './call.ts'

/** System calls a box needs, by number; those since Linux 5.1 have the same number on every architecture. */
export const NEEDED_CALLS = {
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  fsmount: 432,
  clone3: 435,
  close_range: 436,
  openat2: 437,
  mount_setattr: 442,
} as const

const ENOSYS = -38
const BAD = -1

/**
 * Whether the kernel, and any seccomp filter above this process, lets a system call exist. It is called with arguments
 * that cannot succeed: ENOSYS is the only answer that means no.
 */
export const hasSystemCall = (name: keyof typeof NEEDED_CALLS): boolean =>
  callResult('syscall', NEEDED_CALLS[name], BAD, BAD, BAD, BAD, BAD) !== ENOSYS
