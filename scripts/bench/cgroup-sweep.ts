import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'

/** The mount points of every cgroup hierarchy, v1 and v2. */
const hierarchies = (): readonly string[] =>
  readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map(line => line.split(' '))
    .filter(([, , type]) => type === 'cgroup' || type === 'cgroup2')
    .map(([, path]) => path ?? '/nowhere')

/** Cgroups at the top, or below this process's own, whose name starts with `prefix`. */
export const findCgroups = (prefix: string): readonly string[] => {
  const own = readFileSync('/proc/self/cgroup', 'utf8')
    .split('\n')
    .map(line => line.split(':')[2] ?? '/')
  return hierarchies().flatMap(top =>
    [...new Set(['/', ...own])]
      .map(path => join(top, path))
      .filter(dir => existsSync(dir))
      .flatMap(dir =>
        readdirSync(dir)
          .filter(name => name.startsWith(prefix))
          .map(name => join(dir, name)),
      ),
  )
}

/** Removes empty cgroups of ours; one that still has a process stays, and is named by {@link findCgroups}. */
export const removeCgroups = (prefix: string): void => {
  for (const dir of findCgroups(prefix)) {
    try {
      rmdirSync(dir)
    } catch {
      // it has a process in it, or it went away by itself
    }
  }
}
