import type { CgroupHost, Controller } from './host.ts'
import type { GroupFile, ReadGroupFile, Stats } from './snapshot.ts'
import { V1_FILES, v1Stats } from './stats-v1.ts'
import { V2_CORE_FILES, V2_FILES, v2Stats } from './stats-v2.ts'

/**
 * The kernel files a snapshot of a group on this host needs.
 *
 * @param controllers which controllers the group has, when that is known; files of others are left out
 */
export const statFiles = (host: CgroupHost, controllers?: readonly Controller[]): readonly GroupFile[] => {
  const wanted = (name: Controller) => controllers === undefined || controllers.includes(name)
  const found: GroupFile[] = []
  for (const [name, files] of Object.entries(V1_FILES) as [Controller, readonly string[]][]) {
    const mount = host.v1[name]
    if (mount === undefined || !wanted(name)) continue
    if (name === 'cpuacct' && host.unified !== undefined) continue
    for (const file of files) found.push({ mount, file })
  }
  const tree = host.unified
  if (tree === undefined) {
    const mount = host.v1.pids ?? Object.values(host.v1)[0]
    if (mount !== undefined) found.push({ mount, file: 'cgroup.procs' })
    return found
  }
  for (const file of V2_CORE_FILES) found.push({ mount: tree.mount, file })
  for (const [name, files] of Object.entries(V2_FILES) as [Controller, readonly string[]][]) {
    if (!tree.controllers.includes(name) || !wanted(name)) continue
    for (const file of files) found.push({ mount: tree.mount, file })
  }
  return found
}

/** A snapshot from the text of a group's files. A file that is absent leaves its fields undefined. */
export const statsFromFiles = (host: CgroupHost, read: ReadGroupFile): Stats => {
  const one = v1Stats(host, read)
  const two = v2Stats(host, read)
  return {
    cpu: {
      usageUs: two.cpu.usageUs ?? one.cpu.usageUs,
      userUs: two.cpu.userUs ?? one.cpu.userUs,
      systemUs: two.cpu.systemUs ?? one.cpu.systemUs,
      throttledUs: one.cpu.throttledUs ?? two.cpu.throttledUs,
      throttledPeriods: one.cpu.throttledPeriods ?? two.cpu.throttledPeriods,
    },
    memory: host.v1.memory === undefined ? two.memory : one.memory,
    pids: host.v1.pids === undefined ? two.pids : one.pids,
    io: host.v1.io === undefined ? two.io : one.io,
    pressure: two.pressure,
    populated: host.unified === undefined ? one.populated : two.populated,
  }
}
