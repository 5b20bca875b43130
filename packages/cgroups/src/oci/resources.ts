/** A 64-bit number of a configuration: a bigint only where it lies beyond what a number holds exactly. */
export type Int64 = number | bigint

/** One rule of a device list; an absent number, or -1, stands for all. */
export interface OciDeviceRule {
  readonly allow: boolean
  /** 'a' (all), 'c' or 'b'; absent means all. */
  readonly type?: string | undefined
  readonly major?: Int64 | undefined
  readonly minor?: Int64 | undefined
  /** Of the letters r, w and m; absent means all. */
  readonly access?: string | undefined
}

export interface OciMemory {
  readonly limit?: Int64 | undefined
  readonly reservation?: Int64 | undefined
  readonly swap?: Int64 | undefined
  readonly kernel?: Int64 | undefined
  readonly kernelTCP?: Int64 | undefined
  readonly swappiness?: Int64 | undefined
  readonly disableOOMKiller?: boolean | undefined
  readonly useHierarchy?: boolean | undefined
  readonly checkBeforeUpdate?: boolean | undefined
}

export interface OciCpu {
  readonly shares?: Int64 | undefined
  readonly quota?: Int64 | undefined
  readonly burst?: Int64 | undefined
  readonly period?: Int64 | undefined
  readonly realtimeRuntime?: Int64 | undefined
  readonly realtimePeriod?: Int64 | undefined
  readonly cpus?: string | undefined
  readonly mems?: string | undefined
  readonly idle?: Int64 | undefined
}

export interface OciBlockDevice {
  readonly major: Int64
  readonly minor: Int64
}

export interface OciBlockIO {
  readonly weight?: number | undefined
  readonly leafWeight?: number | undefined
  readonly weightDevice?:
    | readonly (OciBlockDevice & {
        readonly weight?: number | undefined
        readonly leafWeight?: number | undefined
      })[]
    | undefined
  readonly throttleReadBpsDevice?: readonly (OciBlockDevice & { readonly rate: Int64 })[] | undefined
  readonly throttleWriteBpsDevice?: readonly (OciBlockDevice & { readonly rate: Int64 })[] | undefined
  readonly throttleReadIOPSDevice?: readonly (OciBlockDevice & { readonly rate: Int64 })[] | undefined
  readonly throttleWriteIOPSDevice?: readonly (OciBlockDevice & { readonly rate: Int64 })[] | undefined
}

/**
 * `linux.resources` of an OCI configuration (runtime-spec, config-linux.md, "Control groups"), also what `update` takes. An
 * absent field is left as it is; the meaning of 0 and -1 is the field's own.
 */
export interface OciResources {
  readonly devices?: readonly OciDeviceRule[] | undefined
  readonly memory?: OciMemory | undefined
  readonly cpu?: OciCpu | undefined
  readonly pids?: { readonly limit?: Int64 | undefined } | undefined
  readonly blockIO?: OciBlockIO | undefined
  readonly hugepageLimits?: readonly { readonly pageSize: string; readonly limit: Int64 }[] | undefined
  readonly network?:
    | {
        readonly classID?: number | undefined
        readonly priorities?: readonly { readonly name: string; readonly priority: number }[] | undefined
      }
    | undefined
  readonly rdma?:
    | Readonly<
        Record<string, { readonly hcaHandles?: number | undefined; readonly hcaObjects?: number | undefined }>
      >
    | undefined
  /** Files of cgroup v2 and what to write into them. */
  readonly unified?: Readonly<Record<string, string>> | undefined
}
