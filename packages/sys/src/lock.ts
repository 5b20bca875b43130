import { callResult } from './call.ts'

const LOCK_EX = 2
const LOCK_NB = 4
const EWOULDBLOCK = -11

/**
 * Takes the lock of an open file or directory if nobody holds it (flock(2)). Closing the descriptor gives it back.
 *
 * @returns whether the lock was taken
 * @throws Error when `fd` is not open
 */
export const tryLock = (fd: number): boolean => {
  const result = callResult('flock', fd, LOCK_EX | LOCK_NB)
  if (result < 0 && result !== EWOULDBLOCK) throw new Error(`flock(${fd}) failed with errno ${-result}`)
  return result === 0
}
