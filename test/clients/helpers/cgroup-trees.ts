import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive } from '../../helpers/live-box.ts'

/** One cgroup hierarchy of this host, and how to mount it again somewhere else. */
export interface Hierarchy {
  readonly mount: string
  readonly type: 'cgroup' | 'cgroup2'
  /** Mount options that choose the hierarchy, such as `memory` or `none,name=systemd`; empty on v2. */
  readonly options: string
}

/** The hierarchies a mountinfo text describes (proc_pid_mountinfo(5)), each once. */
export const hierarchiesOf = (mountinfo: string): readonly Hierarchy[] => {
  const found = new Map<string, Hierarchy>()
  for (const line of mountinfo.split('\n')) {
    const [left = '', right = ''] = line.split(' - ')
    const mount = left.split(' ')[4]
    const [type, , superOptions = ''] = right.split(' ')
    if (mount === undefined || (type !== 'cgroup' && type !== 'cgroup2')) continue
    const chosen = type === 'cgroup2' ? [] : superOptions.split(',').filter(option => option !== 'rw')
    const named = chosen.length > 0 && chosen.every(option => option.startsWith('name='))
    const options = (named ? ['none', ...chosen] : chosen).join(',')
    if (!found.has(`${type} ${options}`)) found.set(`${type} ${options}`, { mount, type, options })
  }
  return [...found.values()]
}

export const HIERARCHIES = hierarchiesOf(readFileSync('/proc/self/mountinfo', 'utf8'))

/** Makes a group at the top of every hierarchy. */
export const makeGroups = (name: string): void => {
  for (const { mount } of HIERARCHIES) {
    const dir = join(mount, name)
    mkdirSync(dir)
    // On v1 a new group has no processors and no memory nodes, and takes in nobody until it has.
    for (const file of ['cpuset.cpus', 'cpuset.mems'])
      if (existsSync(join(mount, 'tasks')) && existsSync(join(dir, file)))
        writeFileSync(join(dir, file), readFileSync(join(mount, file)))
  }
}

/** The files through which one task moves itself into the groups of that name by writing `0`. */
export const joinFiles = (name: string): readonly string[] =>
  HIERARCHIES.map(({ mount, type }) =>
    type === 'cgroup' ? join(mount, name, 'tasks') : join(mount, name, V2_LEAF, 'cgroup.procs'),
  )

/** A v2 group that hands out controllers may hold no process itself: those of the machine live one below. */
export const V2_LEAF = 'machine'

/** Every group below, the deepest first, and the group itself last. */
const groupsBelow = (dir: string): readonly string[] => {
  try {
    const inside = readdirSync(dir, { withFileTypes: true }).filter(entry => entry.isDirectory())
    return [...inside.flatMap(entry => groupsBelow(join(dir, entry.name))), dir]
  } catch {
    return [] // it has been removed meanwhile
  }
}

/** The groups of that name and all below them, as paths relative to their hierarchy's top. */
export const listGroups = (name: string): readonly string[] =>
  HIERARCHIES.flatMap(({ mount }) => groupsBelow(join(mount, name)).map(dir => dir.slice(mount.length)))

/** Lets frozen processes run: a frozen v1 group's processes do not even die of SIGKILL. */
export const thawGroups = (name: string): void => {
  for (const dir of HIERARCHIES.flatMap(({ mount }) => groupsBelow(join(mount, name)).toReversed())) {
    if (existsSync(join(dir, 'freezer.state')))
      attempt(() => writeFileSync(join(dir, 'freezer.state'), 'THAWED'))
    if (existsSync(join(dir, 'cgroup.freeze'))) attempt(() => writeFileSync(join(dir, 'cgroup.freeze'), '0'))
  }
}

const attempt = (action: () => void): void => {
  try {
    action()
  } catch {
    // Removed meanwhile, or still occupied: the next round sees.
  }
}

/** Ends what is left in the groups of that name and removes them; the paths that could not be removed. */
export const removeGroups = async (name: string, patience = 10_000): Promise<readonly string[]> => {
  const end = Date.now() + patience
  for (;;) {
    thawGroups(name)
    for (const dir of HIERARCHIES.flatMap(({ mount }) => groupsBelow(join(mount, name)))) {
      for (const pid of processesIn(dir)) attempt(() => process.kill(pid, 'SIGKILL'))
      attempt(() => rmdirSync(dir))
    }
    const left = listGroups(name)
    if (left.length === 0 || Date.now() > end) return left
    await sleep(20)
  }
}

const processesIn = (dir: string): readonly number[] => {
  try {
    const numbers = readFileSync(join(dir, 'cgroup.procs'), 'utf8').split('\n').map(Number)
    return numbers.filter(pid => pid > 1 && pid !== process.pid)
  } catch {
    return []
  }
}

/** Removes the groups `PREFIX-PID-…` whose process PID has ended: what an earlier run that was killed left behind. */
export const sweepGroups = async (prefix: string): Promise<void> => {
  const names = new Set(HIERARCHIES.flatMap(({ mount }) => readdirSync(mount)))
  for (const name of names) {
    const owner = name.startsWith(`${prefix}-`) ? Number(name.slice(prefix.length + 1).split('-')[0]) : 0
    if (owner > 1 && !isAlive(owner)) await removeGroups(name)
  }
}
