/** A size: bytes, or a text such as '64Mi' (see `parseSize`). */
export type Size = number | string

/** A time in microseconds, the kernel's unit for processor bandwidth, or a text with a unit such as '50ms'. */
export type Microseconds = number | string

/** Limits of one block device. An absent field is left as it is; 'max' lifts it. */
export interface IoMax {
  /** 'major:minor', as `lsblk` shows it. Whole devices, not partitions. */
  readonly device: string
  /** Bytes read per second. */
  readonly rbps?: Size | 'max' | undefined
  /** Bytes written per second. */
  readonly wbps?: Size | 'max' | undefined
  /** Read operations per second. */
  readonly riops?: number | 'max' | undefined
  /** Write operations per second. */
  readonly wiops?: number | 'max' | undefined
}

export interface PidsLimits {
  /** Processes and threads together, 1 to 4194304. */
  readonly max?: number | 'max' | undefined
}

export interface MemoryLimits {
  /** Above this the kernel reclaims, then kills. */
  readonly max?: Size | 'max' | undefined
  /** Above this the kernel slows the group down. v2 only. */
  readonly high?: Size | 'max' | undefined
  /** Below this the group's memory is spared. On v1 this is the soft limit. */
  readonly low?: Size | 'max' | undefined
  /** Swap allowed in addition to memory (v2's meaning). On v1 it needs `max`: v1 limits the sum. */
  readonly swap?: Size | 'max' | undefined
}

export interface CpuLimits {
  /** Processors' worth of time, such as 1.5. Instead of `quota`. */
  readonly max?: number | 'max' | undefined
  /** Time that may be used in each period, at least 1000 µs. */
  readonly quota?: Microseconds | 'max' | undefined
  /** 1000 to 1000000 µs; the kernel starts with 100000. */
  readonly period?: Microseconds | undefined
  /** Unused time that may be saved up for later, at most the quota. */
  readonly burst?: Microseconds | undefined
  /** Share against siblings, 1 to 10000, where 100 is ordinary (v2's scale). */
  readonly weight?: number | undefined
  /** The same on v1's scale, 2 to 262144, where 1024 is ordinary. Instead of `weight`. */
  readonly shares?: number | undefined
}

export interface CpusetLimits {
  /** Processors, as '0-3,6'. */
  readonly cpus?: string | undefined
  /** Memory nodes, as '0'. */
  readonly mems?: string | undefined
}

export interface IoLimits {
  /** Share against siblings, 1 to 10000, where 100 is ordinary (v2's scale). */
  readonly weight?: number | undefined
  readonly max?: readonly IoMax[] | undefined
}

/** What a group may use. An absent field is left as the kernel has it. */
export interface Limits {
  readonly pids?: PidsLimits | undefined
  readonly memory?: MemoryLimits | undefined
  readonly cpu?: CpuLimits | undefined
  readonly cpuset?: CpusetLimits | undefined
  readonly io?: IoLimits | undefined
  /** Per page size as the kernel spells it: '2MB', '1GB'. */
  readonly hugetlb?: Readonly<Record<string, Size | 'max'>> | undefined
  /** Files of the v2 tree and what to write into them, after everything else. */
  readonly raw?: Readonly<Record<string, string>> | undefined
}
