/** One cgroup mount of a mountinfo text (proc_pid_mountinfo(5)). */
export interface CgroupMount {
  readonly mount: string
  /** The directory of the hierarchy that is seen here: '/' unless only a part is mounted. */
  readonly root: string
  readonly writable: boolean
  readonly version: 1 | 2
  /** The file system's own options; on v1 they name the controllers. */
  readonly options: readonly string[]
}

const SEPARATOR = ' - cgroup'

/** mountinfo writes space, tab, newline, backslash and `#` as a backslash and three octal digits. */
const plainText = (text: string): string =>
  text.includes('\\')
    ? text.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)))
    : text

const parseLine = (line: string): CgroupMount | undefined => {
  const middle = line.indexOf(SEPARATOR)
  const [, , , root = '/', mount, options = ''] = line.slice(0, middle).split(' ')
  const [type, , superOptions = ''] = line.slice(middle + 3).split(' ')
  if (mount === undefined || (type !== 'cgroup' && type !== 'cgroup2')) return undefined
  return {
    mount: plainText(mount),
    root: plainText(root),
    writable: options.split(',').includes('rw'),
    version: type === 'cgroup' ? 1 : 2,
    options: superOptions.split(','),
  }
}

/** The cgroup mounts of a mountinfo text. A mount on top of another at the same place replaces it. */
export const cgroupMounts = (mountinfo: string): readonly CgroupMount[] => {
  const found = new Map<string, CgroupMount>()
  let at = mountinfo.indexOf(SEPARATOR)
  while (at !== -1) {
    const start = mountinfo.lastIndexOf('\n', at) + 1
    const end = mountinfo.indexOf('\n', at)
    const parsed = parseLine(mountinfo.slice(start, end === -1 ? undefined : end))
    if (parsed !== undefined) found.set(parsed.mount, parsed)
    at = end === -1 ? -1 : mountinfo.indexOf(SEPARATOR, end)
  }
  return [...found.values()]
}

const rank = (entry: CgroupMount): number => (entry.writable ? 2 : 0) + (entry.root === '/' ? 1 : 0)

/** One hierarchy can be mounted more than once: a writable mount beats a read-only one, then a whole one a part. */
export const best = (a: CgroupMount | undefined, b: CgroupMount): CgroupMount =>
  a === undefined || rank(b) > rank(a) ? b : a
