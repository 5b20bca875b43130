import { type Check, plainText, shown, text } from './check.ts'
import { configError } from './config-error.ts'

/** PATH_MAX of the kernel, without the NUL. */
const LONGEST = 4095

/** An absolute path, taken as it is. */
export const absolutePath: Check<string> = (value, path) => {
  const read = anyPath(value, path)
  if (read.startsWith('/')) return read
  throw configError(path, `${shown(read)} is not absolute`, 'Begin the path with "/".')
}

/** A path, absolute or not; not an empty one. */
export const anyPath: Check<string> = (value, path) => {
  const read = text(value, path)
  if (read === '') throw configError(path, 'is empty', 'Give a path.')
  if (read.length * 3 <= LONGEST || Buffer.byteLength(read) <= LONGEST) return read
  throw configError(path, `is ${Buffer.byteLength(read)} bytes long`, `A path has at most ${LONGEST}.`)
}

/**
 * A path inside the container in one form: absolute, without '.', '..', empty components or a slash at the end. A '..' takes
 * away the component before it and ends at the root, which is where it leads once inside.
 */
export const normalPath = (path: string): string => {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `/${parts.join('/')}`
}

/** A cgroup's path: '..' would lead to groups of others. `slice:prefix:name`, which systemd's driver takes, passes too. */
export const cgroupPath: Check<string> = (value, path) => {
  const read = plainText(LONGEST)(value, path)
  if (!read.split('/').includes('..')) return read
  throw configError(path, `${shown(read)} has ".." in it`, 'Give the path below the mount point of cgroups.')
}
