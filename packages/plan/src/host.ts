import type { CgroupHost } from '@tsbox/cgroups'

/** What the planner has to know of the host. Gathered by whoever runs the plan; planning itself reads nothing. */
export interface Host {
  readonly cgroups: CgroupHost
  /** [6, 18] for Linux 6.18. */
  readonly kernel: readonly [major: number, minor: number]
  /** Where run directories are made, such as /run/tsbox. */
  readonly runDir: string
  /** Bytes of memory of the machine. */
  readonly memory: number
  /** The descriptor limit the user had, before Node raised it. */
  readonly nofile: { readonly soft: number; readonly hard: number }
  /** Capabilities the caller itself has, as a mask. */
  readonly capabilities: bigint
  /** Whether this kernel has time namespaces. */
  readonly timeNamespace: boolean
  /** Which volume sources are directories. */
  readonly directories: ReadonlySet<string>
}

/** Whether the kernel is at least this version. */
export const kernelAtLeast = (host: Host, major: number, minor: number): boolean =>
  host.kernel[0] > major || (host.kernel[0] === major && host.kernel[1] >= minor)
