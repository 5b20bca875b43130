import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { detectHost, groupState, openContainer } from '@tsbox/cgroups'
import { isTsboxError } from '@tsbox/errors'
import { OCI_VERSION } from '@tsbox/plan'
import type { OciState } from '@tsbox/spec'
import { STATE_FILES, type StoredContainer } from './store.ts'

/** A process by its number and the time it was started, in clock ticks since boot: together they name one for good. */
export interface ProcessId {
  readonly pid: number
  readonly started: bigint
}

/** The fields of /proc/PID/stat that matter here; the name before them may hold anything (proc_pid_stat(5)). */
export const parseStat = (line: string): (ProcessId & { readonly state: string }) | undefined => {
  const rest = line.slice(line.lastIndexOf(')') + 2).split(' ')
  const pid = Number.parseInt(line, 10)
  const [state] = rest
  const started = rest[19]
  if (!(pid > 0) || state === undefined || started === undefined || !/^\d+$/.test(started)) return undefined
  return { pid, state, started: BigInt(started) }
}

const readStat = (path: string) => {
  try {
    return parseStat(readFileSync(path, 'latin1'))
  } catch {
    return undefined
  }
}

/** The container's init while it lives; a zombie has ended. Undefined also before there is one. */
export const livingProcess = (stateDir: string): ProcessId | undefined => {
  const then = readStat(`${stateDir}/${STATE_FILES.process}`)
  const now = then === undefined ? undefined : readStat(`/proc/${then.pid}/stat`)
  if (then === undefined || now?.started !== then.started) return undefined
  return now.state === 'Z' || now.state === 'X' ? undefined : { pid: then.pid, started: then.started }
}

/** Whether init waits at the gate: it is still the shim, from its sealed copy. */
const isWaiting = (stateDir: string, pid: number): boolean => {
  if (!existsSync(`${stateDir}/${STATE_FILES.gate}`)) return false
  try {
    return readlinkSync(`/proc/${pid}/exe`).startsWith('/memfd:tsbox-shim')
  } catch {
    return false
  }
}

const isFrozen = (groupPath: string | undefined): boolean => {
  if (groupPath === undefined) return false
  try {
    return groupState(openContainer(detectHost(), groupPath)) === 'frozen'
  } catch (error) {
    if (isTsboxError(error)) return false
    throw error
  }
}

export interface StatusOf {
  readonly status: OciState['status']
  readonly process: ProcessId | undefined
}

/** How a container stands (runtime-spec, runtime.md, "State"). What is garbage in its directory counts as not there. */
export const statusOf = ({ stateDir, kept }: Pick<StoredContainer, 'stateDir' | 'kept'>): StatusOf => {
  if (!existsSync(`${stateDir}/${STATE_FILES.process}`)) return { status: 'creating', process: undefined }
  const process = livingProcess(stateDir)
  if (process === undefined) return { status: 'stopped', process }
  if (isFrozen(kept.groupPath)) return { status: 'paused', process }
  return { status: isWaiting(stateDir, process.pid) ? 'created' : 'running', process }
}

/** What `state` prints: the state of the specification, and what engines found useful beside it. */
export const stateOf = (container: StoredContainer): OciState & Readonly<Record<string, unknown>> => {
  const { kept, config } = container
  const { status, process } = statusOf(container)
  const { annotations } = config
  return {
    ociVersion: OCI_VERSION,
    id: kept.id,
    pid: process?.pid ?? 0,
    status,
    bundle: kept.bundle,
    rootfs: kept.rootfs,
    created: kept.created,
    ...(annotations === undefined ? {} : { annotations }),
    owner: '',
  }
}
