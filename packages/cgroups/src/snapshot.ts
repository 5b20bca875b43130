/** One kernel file of a group: it is at `<mount><group's path>/<file>`. */
export interface GroupFile {
  readonly mount: string
  readonly file: string
}

/** Bytes and operations a group moved to and from block devices. */
export interface IoCount {
  readonly readBytes: number
  readonly writeBytes: number
  readonly readOps: number
  readonly writeOps: number
}

/** Time spent waiting for a resource (kernel Documentation/accounting/psi.rst), in microseconds since the group began. */
export interface Pressure {
  /** At least one task waited. */
  readonly someTotalUs: number | undefined
  /** All tasks waited at once. */
  readonly fullTotalUs: number | undefined
}

/**
 * What a group used. A field is undefined when this kernel does not count it, or the group has no such controller; it
 * is 0 only when the kernel says 0.
 */
export interface Stats {
  readonly cpu: {
    /** Processor time in microseconds. */
    readonly usageUs: number | undefined
    readonly userUs: number | undefined
    readonly systemUs: number | undefined
    /** Time the group was held back by its quota, summed over processors, in microseconds. */
    readonly throttledUs: number | undefined
    /** Periods in which it was held back. */
    readonly throttledPeriods: number | undefined
  }
  readonly memory: {
    readonly currentBytes: number | undefined
    /** The most it ever used at once. */
    readonly peakBytes: number | undefined
    readonly swapBytes: number | undefined
    /** How often each thing happened. */
    readonly events: {
      /** The limit was reached and an allocation was about to fail. v2 only. */
      readonly oom: number | undefined
      /** A process was killed for memory. */
      readonly oomKill: number | undefined
      /** The group was slowed down at `memory.high`. v2 only. */
      readonly high: number | undefined
      /** Usage was about to go over `memory.max`; the kernel reclaimed or killed. */
      readonly max: number | undefined
    }
  }
  readonly pids: {
    readonly current: number | undefined
    readonly peak: number | undefined
    /** Forks refused because of `pids.max`. */
    readonly limitHits: number | undefined
  }
  readonly io: {
    /** Undefined when the kernel counts no io here; zeros when it counts and there was none. */
    readonly total: IoCount | undefined
    /** Per device, keyed 'major:minor'. */
    readonly devices: Readonly<Record<string, IoCount>>
  }
  readonly pressure: { readonly cpu: Pressure; readonly memory: Pressure; readonly io: Pressure }
  /** Whether any process is in the group or in one below it; on v1, in the group itself. */
  readonly populated: boolean | undefined
}

/** Reads one of a snapshot's files; undefined when it is absent or cannot be read. */
export type ReadGroupFile = (mount: string, file: string) => string | undefined

/** The sum over devices. */
export const sumOf = (counts: readonly IoCount[]): IoCount => {
  const total = { readBytes: 0, writeBytes: 0, readOps: 0, writeOps: 0 }
  for (const one of counts) {
    total.readBytes += one.readBytes
    total.writeBytes += one.writeBytes
    total.readOps += one.readOps
    total.writeOps += one.writeOps
  }
  return total
}
