import type { CgroupHost } from '../host.ts'
import type { ReadGroupFile } from '../snapshot.ts'
import { blkioStats } from './stats-blkio.ts'
import { cpuStats, cpusetStats } from './stats-cpu.ts'
import { hugetlbStats, memoryStats, pidsStats } from './stats-memory.ts'
import type { OciStats } from './stats-types.ts'

export interface StatsOptions {
  readonly host: CgroupHost
  readonly read: ReadGroupFile
  /** The page sizes to count, as cgroup files name them: '2MB'. See `hugePageSizes`. */
  readonly pageSizes?: readonly string[] | undefined
}

/**
 * What a container has used, in the shape of `data` in a line of `runc events --stats`: times are nanoseconds, sizes bytes. What the
 * kernel does not count, and what is 0 where runc leaves out zeros, is undefined. A number beyond what JavaScript holds exactly
 * ("no limit") is a bigint; `eventText` writes it in full.
 */
export const ociStats = ({ host, read, pageSizes = [] }: StatsOptions): OciStats => ({
  cpu: cpuStats(host, read),
  cpuset: cpusetStats(host, read),
  memory: memoryStats(host, read),
  pids: pidsStats(host, read),
  blkio: blkioStats(host, read),
  hugetlb: hugetlbStats({ host, read, pageSizes }),
  intel_rdt: {},
  network_interfaces: null,
})
