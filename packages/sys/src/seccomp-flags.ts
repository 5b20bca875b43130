import { callResult } from './call.ts'

const SECCOMP_CALL = process.arch === 'arm64' ? 277 : 317
const SECCOMP_SET_MODE_FILTER = 1
const EFAULT = -14

/**
 * Whether this kernel knows SECCOMP_FILTER_FLAG_* bits (seccomp(2)). Asked with no program: EFAULT means that the flags
 * were taken, and no filter was set.
 */
export const hasSeccompFlags = (flags: number): boolean =>
  callResult('syscall', SECCOMP_CALL, SECCOMP_SET_MODE_FILTER, flags, 0, 0, 0) === EFAULT
