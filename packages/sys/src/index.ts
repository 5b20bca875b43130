export { tryLock } from './lock.ts'
export { hasSystemCall, NEEDED_CALLS } from './probe.ts'
