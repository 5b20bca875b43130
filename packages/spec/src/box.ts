import type { Limits } from '@tsbox/cgroups'
import type { Capability } from './capabilities.ts'
import type { OciSeccomp } from './oci/seccomp.ts'
import type { Rlimit } from './rlimits.ts'

/** Where a box's files come from. Paths are absolute paths of the host. */
export type Root =
  /** The host's own userland, read-only, under a throw-away layer. */
  | { readonly kind: 'system' }
  /** A copy-on-write view of the host's whole root. Everything there can be read. */
  | { readonly kind: 'host' }
  /** A directory, as it is: writes go to it. */
  | { readonly kind: 'directory'; readonly path: string }
  /** Directories over one another, lowest first, under a throw-away layer or one that is kept. */
  | { readonly kind: 'layers'; readonly layers: readonly string[]; readonly upper?: string | undefined }

export interface Volume {
  /** On the host. */
  readonly source: string
  /** In the box. */
  readonly target: string
  readonly readOnly: boolean
}

export interface Tmpfs {
  readonly target: string
  /** Bytes. */
  readonly size: number
  /** Permission bits. */
  readonly mode: number
}

/** A box, complete and checked: what `parseBox` makes of a `BoxInput`. */
export interface Box {
  readonly args: readonly [string, ...string[]]
  readonly name: string
  readonly hostname: string
  readonly root: Root
  readonly readOnly: boolean
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly user: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] }
  readonly umask: number
  readonly volumes: readonly Volume[]
  readonly tmpfs: readonly Tmpfs[]
  readonly network: 'none' | 'host'
  readonly limits: Limits
  readonly cgroupParent: string | undefined
  readonly rlimits: readonly Rlimit[]
  readonly capabilities: readonly Capability[]
  /** The set began as all there are: of those, what the caller itself lacks is left out without a word. */
  readonly allCapabilities: boolean
  readonly privileged: boolean
  readonly noNewPrivs: boolean
  /** The filter of system calls: the usual one, one of the user's, or none. */
  readonly seccomp: 'default' | 'unconfined' | OciSeccomp
  /** File below /proc/sys → value. */
  readonly sysctls: Readonly<Record<string, string>>
  /** Milliseconds; 0 for none. */
  readonly timeout: number
  readonly stopSignal: number
  /** Milliseconds between the stop signal and SIGKILL. */
  readonly stopTimeout: number
  readonly init: boolean
  readonly terminal: boolean
}
