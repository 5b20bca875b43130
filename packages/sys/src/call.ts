import { libc } from './libc.ts'

/**
 * Calls a C function and reads errno in the very next statement.
 *
 * @returns the result, or the negative errno when the call failed
 */
export const callResult = (
  name: keyof ReturnType<typeof libc>['call'],
  ...args: readonly number[]
): number => {
  const { call, errno } = libc()
  const result = call[name](...args)
  if (Number(result) !== -1) return Number(result)
  return -errno()
}
