import type { FileWrite, GroupDir, LimitWrite } from '@tsbox/cgroups'
import type { OciConfig, OciProcess, OciSeccomp } from '@tsbox/spec'

/** How a container is left when its plan has been run. */
export type Mode =
  /** Made, its init waiting at the gate: `create`. */
  | 'create'
  /** Running, and left to itself: `run --detach`. */
  | 'detached'
  /** Running under a supervisor that ends with it: `run`. */
  | 'foreground'

/** A compiled system call filter. */
export interface Filter {
  /** struct sock_filter[], as bytes. */
  readonly program: Uint8Array
  /** Bits of seccomp(2). */
  readonly flags: number
  /** It asks an agent. */
  readonly notify: boolean
}

export interface HostProgram {
  readonly path: string
  readonly argv: readonly string[]
}

/** The cgroup of a container, worked out for this host. */
export interface ContainerGroup {
  /** Counted from each hierarchy's mount. */
  readonly path: string
  readonly dirs: readonly GroupDir[]
  readonly writes: readonly LimitWrite[]
  /** v1: files of the devices group, in order. */
  readonly deviceWrites: readonly FileWrite[]
  /** v2: the eBPF program that decides on devices. */
  readonly deviceProgram: Uint8Array | undefined
  /** Programs that have systemd make the group with init in it, and give it up; absent where we make it ourselves. */
  readonly scope?: { readonly make: readonly HostProgram[]; readonly stop: HostProgram } | undefined
}

/** Terminal, descriptors and files that the caller of a verb named. */
export interface Attachments {
  /** A socket that is handed the terminal. */
  readonly consoleSocket?: string | undefined
  readonly pidFile?: string | undefined
  /** How many descriptors from 3 on the program gets. */
  readonly preserveFds: number
}

/** An interface of the host, with what moving it makes the kernel forget. */
export interface NetDevice {
  readonly name: string
  /** What it is called in the container; the kernel fills a template in (`eth%d`). */
  readonly inside: string
  /** By which ip(8) finds it there: the name, or where that is a template its number, which it keeps. */
  readonly handle: string
  /** Addresses of global scope, with the length of their prefix. */
  readonly addresses: readonly string[]
  readonly up: boolean
  /** ip(8), which moves it. */
  readonly tool: string
}

/** What becomes of failures: the program to become, which tells them. */
export interface Handback {
  readonly argv: readonly string[]
  readonly env: readonly string[]
}

/** What the planner needs to know of a container and of the host it is for. */
export interface ContainerInput extends Attachments {
  readonly id: string
  readonly bundle: string
  readonly config: OciConfig & { readonly process: OciProcess }
  /** Of the host, absolute, without links. */
  readonly rootPath: string
  /** What it leaves behind for later verbs: a directory, and files in it by name. */
  readonly stateDir: string
  readonly stateFiles: Readonly<Record<string, string | Uint8Array>>
  /** Without rights over the host: mounts of its files are made by init, and nobody makes device nodes. */
  readonly rootless: boolean
  /** Interfaces of the host that are moved into the container. */
  readonly netDevices: readonly NetDevice[]
  /** Absent where no cgroup can be made (without root). */
  readonly group: ContainerGroup | undefined
  readonly filter: Filter | undefined
  readonly mode: Mode
  readonly newKeyring: boolean
  /** Mount over the old root instead of pivot_root(2). */
  readonly noPivot: boolean
  /** The descriptor limit the caller had, before Node raised it. */
  readonly nofile: { readonly soft: number; readonly hard: number }
  /** Capabilities there are to be had here, as a mask. */
  readonly capabilities: bigint
  /** Programs that write the maps of a user namespace for who may not do so: newuidmap, newgidmap. */
  readonly mapHelpers: { readonly users: string; readonly groups: string } | undefined
  readonly handback: Handback
}

/** What an agent that answers for a filter is told (runtime-spec, config-linux.md, "The Container Process State"). */
export type NotifyTarget = Pick<OciSeccomp, 'listenerPath' | 'listenerMetadata'>
