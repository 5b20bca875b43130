import type { Int64 } from './resources.ts'

/** A count that is left out when it is 0 or unknown. */
export type Count = Int64 | undefined

/** A line of a pressure file (kernel Documentation/accounting/psi.rst): percentages, and a total in microseconds. */
export interface OciPressureLine {
  readonly avg10: number
  readonly avg60: number
  readonly avg300: number
  readonly total: number
}

export interface OciPressure {
  readonly some?: OciPressureLine | undefined
  readonly full?: OciPressureLine | undefined
}

/** Bytes of one kind of memory. */
export interface OciMemoryEntry {
  readonly limit: Int64
  readonly usage: Count
  readonly max: Count
  readonly failcnt: Int64
}

export interface OciBlkioEntry {
  readonly major: Count
  readonly minor: Count
  readonly op: string | undefined
  readonly value: Count
}

export interface OciCpuStats {
  /** Nanoseconds. */
  readonly usage: {
    readonly total: Count
    readonly percpu: readonly Int64[] | undefined
    readonly percpu_kernel: readonly Int64[] | undefined
    readonly percpu_user: readonly Int64[] | undefined
    readonly kernel: Int64
    readonly user: Int64
  }
  readonly throttling: {
    readonly periods: Count
    readonly throttledPeriods: Count
    /** Nanoseconds. */
    readonly throttledTime: Count
  }
  readonly psi: OciPressure | undefined
}

export interface OciCpusetStats {
  readonly cpus: readonly number[] | undefined
  readonly cpu_exclusive: Int64
  readonly mems: readonly number[] | undefined
  readonly mem_hardwall: Int64
  readonly mem_exclusive: Int64
  readonly memory_migrate: Int64
  readonly memory_spread_page: Int64
  readonly memory_spread_slab: Int64
  readonly memory_pressure: Int64
  readonly sched_load_balance: Int64
  readonly sched_relax_domain_level: Int64
}

export interface OciMemoryStats {
  readonly cache: Count
  readonly usage: OciMemoryEntry
  /** Memory and swap together. */
  readonly swap: OciMemoryEntry
  readonly kernel: OciMemoryEntry
  readonly kernelTCP: OciMemoryEntry
  /** `memory.stat`. */
  readonly raw: Readonly<Record<string, Int64>> | undefined
  readonly psi: OciPressure | undefined
}

export interface OciBlkioStats {
  readonly ioServiceBytesRecursive: readonly OciBlkioEntry[] | undefined
  readonly ioServicedRecursive: readonly OciBlkioEntry[] | undefined
  readonly psi: OciPressure | undefined
}

export interface OciHugetlbStats {
  readonly usage: Count
  readonly max: Count
  readonly failcnt: Int64
}

/** `data` of a `stats` event. */
export interface OciStats {
  readonly cpu: OciCpuStats
  readonly cpuset: OciCpusetStats
  readonly memory: OciMemoryStats
  readonly pids: { readonly current: Count; readonly limit: Count }
  readonly blkio: OciBlkioStats
  readonly hugetlb: Readonly<Record<string, OciHugetlbStats>>
  readonly intel_rdt: Readonly<Record<string, never>>
  /** Counted in the container's network namespace, which is not this package's. */
  readonly network_interfaces: null
}
