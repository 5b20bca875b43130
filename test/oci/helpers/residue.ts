import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive } from '../../helpers/live-box.ts'

/** What containers could leave on the host. */
export interface Residue {
  readonly processes: readonly string[]
  readonly groups: readonly string[]
  readonly mounts: readonly string[]
  readonly states: readonly string[]
}

export const NO_RESIDUE: Residue = { processes: [], groups: [], mounts: [], states: [] }

const read = (path: string): string => {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return '' // it has gone meanwhile
  }
}

const names = (dir: string): readonly string[] => {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}

/** Where every hierarchy of this host is mounted, of either version, named ones too (proc_pid_mountinfo(5)). */
export const hierarchies = (): readonly string[] =>
  read('/proc/self/mountinfo')
    .split('\n')
    .filter(line => / - cgroup2? /.test(line))
    .map(line => line.split(' ')[4] ?? '')

const directories = (dir: string): readonly string[] => {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(({ name }) => join(dir, name))
  } catch {
    return []
  }
}

/** `x-1` is not in `x-12`. */
const mentions = (text: string, marker: string): boolean =>
  text.split(marker).some((part, i) => i > 0 && !/^\d/.test(part))

/** Groups in any hierarchy with the marker in their path. Only those of tests are looked into. */
export const groupsOf = (marker: string): readonly string[] => {
  const below = (dir: string, depth: number): readonly string[] =>
    directories(dir).flatMap(path => [
      ...(mentions(path, marker) ? [path] : []),
      ...(mentions(path, marker) || depth > 0 ? below(path, depth - 1) : []),
    ])
  return hierarchies().flatMap(mount => below(mount, 2))
}

const isShim = (pid: string): boolean => {
  try {
    return readlinkSync(`/proc/${pid}/exe`).includes('tsbox-shim')
  } catch {
    return false
  }
}

const holds = (pid: string, marker: string): boolean =>
  names(`/proc/${pid}/fd`).some(fd => {
    try {
      return mentions(readlinkSync(`/proc/${pid}/fd/${fd}`), marker)
    } catch {
      return false
    }
  })

/** Processes that stand in a group of the marker's, and shims that hold something of it; who has ended does not count. */
export const processesOf = (marker: string): readonly string[] =>
  names('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter(pid => mentions(read(`/proc/${pid}/cgroup`), marker) || (isShim(pid) && holds(pid, marker)))
    .filter(pid => isAlive(Number(pid)))
    .map(pid => `${pid} ${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()}`)

/** The host as far as containers can have changed it whose groups and directories have the marker in their names. */
export const residueOf = (marker: string, roots: readonly string[]): Residue => ({
  processes: processesOf(marker),
  groups: groupsOf(marker),
  mounts: read('/proc/self/mountinfo')
    .split('\n')
    .filter(line => mentions(line, marker)),
  states: roots.flatMap(root => names(root).map(name => join(root, name))),
})

const isClean = (residue: Residue): boolean => Object.values(residue).every(left => left.length === 0)

/** The last look: when nothing is left, or when patience is over. */
export const settled = async (
  marker: string,
  roots: readonly string[],
  patience = 10_000,
): Promise<Residue> => {
  const end = Date.now() + patience
  for (;;) {
    const now = residueOf(marker, roots)
    if (isClean(now) || Date.now() > end) return now
    await sleep(30)
  }
}
