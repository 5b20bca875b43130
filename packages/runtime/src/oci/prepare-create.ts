import { resolve } from 'node:path'
import { type CgroupHost, detectHost, type SystemdGroup } from '@tsbox/cgroups'
import {
  type Attachments,
  type ContainerInput,
  type Handback,
  type Mode,
  maySetGroups,
  planContainer,
  planDelete,
  planStart,
} from '@tsbox/plan'
import { encode, type Plan } from '@tsbox/protocol'
import type { CreatableConfig } from '@tsbox/spec'
import { callersDescriptorLimit, isMachineRoot } from '../caller.ts'
import { seccompFilter } from '../seccomp-filter.ts'
import { type Bundle, readBundle } from './bundle.ts'
import { refuseFrozen } from './frozen.ts'
import { containerGroup, groupPathOf, unitOf } from './group.ts'
import { checkConsole, checkHost } from './host-checks.ts'
import { netDevicesOf } from './net-devices.ts'
import { checkOwnNamespaces } from './own-namespaces.ts'
import { checkProcSources } from './proc-sources.ts'
import { availableCapabilities, capabilityWarnings, checkGroups, type Warning } from './rights.ts'
import { canMakeGroup, mapHelpersFor, refuseLimits } from './rootless.ts'
import { type Kept, STATE_FILES, stateDirOf } from './store.ts'
import { makeRoot } from './trust.ts'

/** What a caller of `create` and `run` says beside the bundle. */
export interface CreateOptions extends Attachments {
  readonly root: string
  readonly id: string
  readonly bundle: string
  readonly mode: Mode
  readonly systemd: boolean
  readonly newKeyring: boolean
  readonly noPivot: boolean
  /** The program that tells of failures: of this verb, and of those whose plans are written for later. */
  readonly handback: Handback
  readonly laterHandback: Handback
}

/** A plan, and what its caller should hear before it is run. */
export interface Planned {
  readonly plan: Plan
  readonly warnings: readonly Warning[]
}

/**
 * Plans a container. Beside the state root's directory, which is made when it is missing, nothing is changed.
 *
 * @throws TsboxError what `readBundle`, `containerGroup` and `seccompFilter` throw, ERR_TSBOX_HOST for what this host lacks
 */
export const prepareCreate = (options: CreateOptions): Planned => {
  const stateDir = stateDirOf(options.root, options.id)
  const bundle = readBundle(options.bundle)
  const host = detectHost()
  checkHost(bundle.config)
  checkProcSources(bundle)
  checkOwnNamespaces(bundle.config)
  const { consoleSocket, mode } = options
  checkConsole(bundle.config.process.terminal, { consoleSocket, leaves: mode !== 'foreground' })
  const input = inputOf({ options, bundle, host, stateDir })
  makeRoot(options.root)
  return {
    plan: planContainer(input),
    warnings: capabilityWarnings(bundle.config.process, input.capabilities),
  }
}

interface Found {
  readonly options: CreateOptions
  readonly bundle: Bundle
  readonly host: CgroupHost
  readonly stateDir: string
}

const inputOf = ({ options, bundle, host, stateDir }: Found): ContainerInput => {
  const { config } = bundle
  const { seccomp } = config.linux
  const rootless = !isMachineRoot()
  // Without root there is no system manager to ask.
  const unit = options.systemd && !rootless ? unitOf(config, options.id) : undefined
  const path = groupPathOf(config, { id: options.id, unit })
  const input: Omit<ContainerInput, 'stateFiles'> = {
    id: options.id,
    bundle: bundle.path,
    config,
    rootPath: bundle.rootPath,
    stateDir,
    rootless,
    netDevices: netDevicesOf(config),
    group: groupFor({ config, host, path, rootless, id: options.id, unit }),
    filter: seccomp === undefined ? undefined : seccompFilter(seccomp),
    mode: options.mode,
    newKeyring: options.newKeyring,
    noPivot: options.noPivot,
    nofile: callersDescriptorLimit(),
    capabilities: availableCapabilities(config),
    mapHelpers: mapHelpersFor(config),
    handback: options.handback,
    consoleSocket: absolute(options.consoleSocket),
    pidFile: absolute(options.pidFile),
    preserveFds: options.preserveFds,
  }
  checkGroups(config.process, maySetGroups(input))
  return { ...input, stateFiles: stateFiles({ ...input, unit: unit?.unit }, bundle, options) }
}

/** Where no group can be made there is none, unless something needs it. */
const groupFor = ({ config, rootless, ...where }: Placed): ContainerInput['group'] => {
  if (rootless && !canMakeGroup(where.host, where.path)) {
    refuseLimits(config)
    return undefined
  }
  const group = containerGroup(config, where)
  refuseFrozen(group.dirs)
  return group
}

interface Placed {
  readonly config: CreatableConfig
  readonly host: CgroupHost
  readonly path: string
  readonly rootless: boolean
  readonly id: string
  readonly unit: SystemdGroup | undefined
}

const absolute = (path: string | undefined): string | undefined =>
  path === undefined ? undefined : resolve(path)

/** What later verbs need: the facts, the configuration as it is now, and the plans that can be made today. */
const stateFiles = (
  input: Omit<ContainerInput, 'stateFiles'> & Pick<Kept, 'unit'>,
  { text, rootPath }: Bundle,
  { laterHandback }: CreateOptions,
): ContainerInput['stateFiles'] => {
  const kept: Kept = {
    id: input.id,
    bundle: input.bundle,
    rootfs: rootPath,
    created: new Date().toISOString(),
    groupPath: input.group?.path,
    unit: input.unit,
  }
  const later = { ...input, handback: laterHandback }
  return {
    [STATE_FILES.kept]: JSON.stringify(kept),
    [STATE_FILES.config]: text,
    [STATE_FILES.delete]: encode(planDelete(later)),
    ...(input.mode === 'create' ? { [STATE_FILES.start]: encode(planStart(later)) } : {}),
  }
}
