import { fstatSync } from 'node:fs'

/**
 * Whether a descriptor is a terminal. Only node:tty can tell, and it brings node:net and the streams with it (4 ms), so
 * it is asked only about devices.
 */
export const isTerminal = (fd: number): boolean => {
  try {
    const stat = fstatSync(fd)
    if (!stat.isCharacterDevice() || stat.rdev === NULL_DEVICE) return false
  } catch {
    return false
  }
  return (process.getBuiltinModule('node:tty') as typeof import('node:tty')).isatty(fd)
}

/** Major 1, minor 3. */
const NULL_DEVICE = 0x103
