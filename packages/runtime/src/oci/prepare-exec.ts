import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Attachments, type Handback, planExec } from '@tsbox/plan'
import type { OciProcess } from '@tsbox/spec'
import { callersDescriptorLimit } from '../caller.ts'
import { seccompFilter } from '../seccomp-filter.ts'
import { execGroup } from './exec-group.ts'
import { checkConsole, checkProcess } from './host-checks.ts'
import type { Planned } from './prepare-create.ts'
import { availableCapabilities, capabilityWarnings, checkGroups } from './rights.ts'
import { statusOf } from './status.ts'
import type { StoredContainer } from './store.ts'
import { wrongState } from './wrong-state.ts'

/** What a caller of `exec` says beside the process. */
export interface ExecOptions extends Attachments {
  readonly detach: boolean
  readonly newKeyring: boolean
  readonly ignorePaused: boolean
  /** A group inside the container's, from its top: it must exist. */
  readonly cgroup: string | undefined
  /** The name of a new group inside the container's, for all that comes of this process. */
  readonly ownCgroup: string | undefined
  readonly handback: Handback
}

/**
 * Plans a process that joins a running container.
 *
 * @throws TsboxError ERR_TSBOX_STATE when it is not running, or paused; ERR_TSBOX_CGROUP for a group inside that is not there
 */
export const prepareExec = (
  container: StoredContainer,
  process: OciProcess,
  options: ExecOptions,
): Planned => {
  const { kept, config } = container
  const { status, process: init } = statusOf(container)
  if (init === undefined || status === 'creating')
    throw wrongState(kept.id, status, 'a process can join a running container only')
  if (status === 'paused' && !options.ignorePaused)
    throw wrongState(kept.id, status, 'resume it first, or say --ignore-paused')
  checkProcess(process)
  checkConsole(process.terminal, { consoleSocket: options.consoleSocket, leaves: options.detach })
  const setGroups = canSetGroups(init.pid)
  checkGroups(process, setGroups)
  const { seccomp } = config.linux
  const capabilities = availableCapabilities(config)
  const plan = planExec({
    ...options,
    id: kept.id,
    bundle: kept.bundle,
    config,
    process,
    init,
    ...execGroup(kept, init.pid, options),
    filter: seccomp === undefined ? undefined : seccompFilter(seccomp),
    nofile: callersDescriptorLimit(),
    capabilities,
    setGroups,
    consoleSocket: absolute(options.consoleSocket),
    pidFile: absolute(options.pidFile),
  })
  return { plan, warnings: capabilityWarnings(process, capabilities) }
}

/** As it was decided when the container's user namespace was mapped, for good (user_namespaces(7)). */
const canSetGroups = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/setgroups`, 'latin1').trim() !== 'deny'
  } catch {
    return true // it has ended, which the plan will find
  }
}

const absolute = (path: string | undefined): string | undefined =>
  path === undefined ? undefined : resolve(path)
