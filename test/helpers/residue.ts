import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { detectHost } from '../../packages/cgroups/src/index.ts'

/** What a box could leave on the host. Two of these are equal when nothing was left behind. */
export interface Snapshot {
  readonly mounts: readonly string[]
  readonly cgroups: readonly string[]
  readonly runDirs: readonly string[]
  readonly processes: readonly string[]
}

const list = (dir: string): string[] => {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}

/** Every group below the given path in every hierarchy, a cgroup being a directory. */
const groups = (parent: string): string[] => {
  const host = detectHost()
  const mounts = new Set(
    [host.unified?.mount, ...Object.values(host.v1)].filter(mount => mount !== undefined),
  )
  return [...mounts].flatMap(mount => below(join(mount, parent)))
}

const below = (dir: string): string[] => {
  try {
    const inside = readdirSync(dir, { withFileTypes: true }).filter(entry => entry.isDirectory())
    return [dir, ...inside.flatMap(entry => below(join(dir, entry.name)))]
  } catch {
    return [] // it has been removed meanwhile, or was never there
  }
}

/** Processes of ours: whose program is the shim, installed or sealed, and whose command line or box mentions `marker`. */
const shims = (marker: string): string[] =>
  list('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(pid => {
      try {
        const exe = readlinkSync(`/proc/${pid}/exe`)
        if (!exe.includes('tsbox-shim')) return []
        const fds = list(`/proc/${pid}/fd`).map(fd => readlinkSync(`/proc/${pid}/fd/${fd}`))
        return fds.some(target => target.includes(marker)) ? [`${pid} ${exe}`] : []
      } catch {
        return [] // it has ended meanwhile
      }
    })

/**
 * The host as it is now, as far as boxes named `marker…` or below the cgroup parent `/marker` can have changed it. Tests
 * run side by side, so each looks at its own boxes only.
 */
export const snapshot = (marker: string): Snapshot => ({
  mounts: readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter(line => line.includes(marker))
    .sort(),
  cgroups: [...groups(`/${marker}`), ...groups('/tsbox').filter(path => path.includes(marker))].sort(),
  runDirs: list('/run/tsbox').filter(name => name.includes(marker)),
  processes: shims(marker),
})

/** A snapshot in which nothing is left, to compare with. */
export const NOTHING: Snapshot = { mounts: [], cgroups: [], runDirs: [], processes: [] }

/** Waits, up to a bound, until nothing of `marker` is left; returns the last look. For owners that were killed. */
export const settled = async (marker: string, patience = 10_000): Promise<Snapshot> => {
  const end = Date.now() + patience
  for (;;) {
    const now = snapshot(marker)
    if (Object.values(now).every(left => left.length === 0) || Date.now() > end) return now
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
