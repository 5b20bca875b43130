import type { Int64, OciResources } from '@tsbox/cgroups'
import type { OciSeccomp } from './seccomp.ts'

/** A user inside, as numbers. */
export interface OciUser {
  readonly uid: number
  readonly gid: number
  readonly umask?: number | undefined
  readonly additionalGids?: readonly number[] | undefined
}

/** The five sets of capabilities(7), by the kernel's names with `CAP_`. */
export interface OciCapabilities {
  readonly bounding?: readonly string[] | undefined
  readonly effective?: readonly string[] | undefined
  readonly inheritable?: readonly string[] | undefined
  readonly permitted?: readonly string[] | undefined
  readonly ambient?: readonly string[] | undefined
}

export interface OciScheduler {
  readonly policy: string
  readonly nice?: number | undefined
  readonly priority?: number | undefined
  readonly flags?: readonly string[] | undefined
  /** Nanoseconds, of SCHED_DEADLINE. */
  readonly runtime?: Int64 | undefined
  readonly deadline?: Int64 | undefined
  readonly period?: Int64 | undefined
}

/** `process` of a configuration, and what `exec --process` takes. */
export interface OciProcess {
  readonly terminal?: boolean | undefined
  readonly consoleSize?: { readonly height: number; readonly width: number } | undefined
  readonly user: OciUser
  readonly args: readonly string[]
  readonly env?: readonly string[] | undefined
  readonly cwd: string
  readonly capabilities?: OciCapabilities | undefined
  readonly rlimits?:
    | readonly { readonly type: string; readonly soft: Int64; readonly hard: Int64 }[]
    | undefined
  readonly noNewPrivileges?: boolean | undefined
  readonly oomScoreAdj?: number | undefined
  readonly apparmorProfile?: string | undefined
  readonly selinuxLabel?: string | undefined
  readonly scheduler?: OciScheduler | undefined
  readonly ioPriority?: { readonly class: string; readonly priority?: number | undefined } | undefined
  readonly execCPUAffinity?:
    | { readonly initial?: string | undefined; readonly final?: string | undefined }
    | undefined
}

export interface OciIdMapping {
  readonly containerID: number
  readonly hostID: number
  readonly size: number
}

export interface OciMount {
  readonly destination: string
  readonly type?: string | undefined
  readonly source?: string | undefined
  readonly options?: readonly string[] | undefined
  readonly uidMappings?: readonly OciIdMapping[] | undefined
  readonly gidMappings?: readonly OciIdMapping[] | undefined
}

export interface OciHook {
  readonly path: string
  readonly args?: readonly string[] | undefined
  readonly env?: readonly string[] | undefined
  /** Seconds. */
  readonly timeout?: number | undefined
}

export const HOOK_KINDS = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
] as const
export type OciHooks = Readonly<Partial<Record<(typeof HOOK_KINDS)[number], readonly OciHook[]>>>

export const NAMESPACE_TYPES = ['pid', 'network', 'mount', 'ipc', 'uts', 'user', 'cgroup', 'time'] as const
export type OciNamespaceType = (typeof NAMESPACE_TYPES)[number]

export interface OciNamespace {
  readonly type: OciNamespaceType
  /** One that exists already; absent: a new one. */
  readonly path?: string | undefined
}

export interface OciDevice {
  readonly type: string
  readonly path: string
  readonly major?: Int64 | undefined
  readonly minor?: Int64 | undefined
  readonly fileMode?: number | undefined
  readonly uid?: number | undefined
  readonly gid?: number | undefined
}

export interface OciTimeOffset {
  readonly secs?: Int64 | undefined
  readonly nanosecs?: number | undefined
}

export interface OciLinux {
  readonly namespaces?: readonly OciNamespace[] | undefined
  readonly uidMappings?: readonly OciIdMapping[] | undefined
  readonly gidMappings?: readonly OciIdMapping[] | undefined
  readonly timeOffsets?: Readonly<Record<string, OciTimeOffset>> | undefined
  readonly devices?: readonly OciDevice[] | undefined
  readonly netDevices?: Readonly<Record<string, { readonly name?: string | undefined }>> | undefined
  readonly cgroupsPath?: string | undefined
  readonly resources?: OciResources | undefined
  readonly sysctl?: Readonly<Record<string, string>> | undefined
  readonly seccomp?: OciSeccomp | undefined
  readonly rootfsPropagation?: string | undefined
  readonly maskedPaths?: readonly string[] | undefined
  readonly readonlyPaths?: readonly string[] | undefined
  readonly mountLabel?: string | undefined
  readonly personality?:
    | { readonly domain: string; readonly flags?: readonly string[] | undefined }
    | undefined
}

/**
 * A checked `config.json` (runtime-spec, config.md and config-linux.md): what tsbox acts on. Fields that another platform or a
 * newer specification knows are not here; they pass and are ignored.
 */
export interface OciConfig {
  readonly ociVersion: string
  readonly process?: OciProcess | undefined
  readonly root: { readonly path: string; readonly readonly?: boolean | undefined }
  readonly hostname?: string | undefined
  readonly domainname?: string | undefined
  readonly mounts?: readonly OciMount[] | undefined
  readonly hooks?: OciHooks | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
  readonly linux: OciLinux
}
