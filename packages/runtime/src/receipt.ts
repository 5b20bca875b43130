import { type CgroupHost, type Stats, statsFromFiles } from '@tsbox/cgroups'
import { allOps, type Op, type Plan, type StatusRecord } from '@tsbox/protocol'
import { errorOf } from '@tsbox/shim'
import { signalName } from '@tsbox/spec'

/** Why a box ended. */
export type Cause = 'exit' | 'signal' | 'timeout' | 'stopped' | 'oom' | 'owner-lost' | 'setup'

/** What a box did and used, as the kernel tells it between the last exit and the removal of its group. */
export interface Receipt {
  readonly name: string
  readonly cause: Cause
  /** The status the command ends with: 0 to 255, 128 + n for signal n. */
  readonly exitStatus: number
  /** The signal process 1 died of, such as 'SIGKILL'; with `init` the program's is in `exitStatus` only, as 128 + n. */
  readonly signal: string | undefined
  /** How often a limit made itself felt: processes killed for memory, forks refused. */
  readonly limits: { readonly oomKills: number | undefined; readonly pidsLimitHits: number | undefined }
  readonly usage: Stats
  /** Milliseconds to each point from the first thing the supervisor told: the clone, or in a traced run its first operation. */
  readonly timings: {
    readonly cloned: number | undefined
    readonly started: number | undefined
    readonly exited: number | undefined
    readonly tornDown: number | undefined
  }
  /** The name of the operation that failed, when the cause is 'setup'. */
  readonly failedStep: string | undefined
}

/** A receipt from what the shim told. Pure. */
export const receiptOf = (
  told: { readonly plan: Plan; readonly records: readonly StatusRecord[] },
  cgroups: CgroupHost,
): Receipt => {
  const { plan, records } = told
  const usage = statsFromFiles(cgroups, counterReader(plan, records))
  const limits = { oomKills: usage.memory.events?.oomKill, pidsLimitHits: usage.pids.limitHits }
  const exited = records.find(record => record.kind === 'exited')
  const failed = records.find(record => record.kind === 'failed')
  const signal = exited === undefined ? 0 : exited.signal || exited.wait & 0x7f
  return {
    name: nameOf(plan),
    cause: causeOf(records, limits.oomKills ?? 0),
    exitStatus: errorOf(plan, records)?.exitStatus ?? statusOf(exited, signal),
    signal: signal > 0 ? signalName(signal) : undefined,
    limits,
    usage,
    timings: timingsOf(records),
    failedStep: failed?.kind === 'failed' ? allOps(plan)[failed.index]?.op : undefined,
  }
}

const statusOf = (exited: Extract<StatusRecord, { kind: 'exited' }> | undefined, signal: number): number =>
  exited === undefined ? 125 : signal > 0 ? 128 + signal : (exited.wait >> 8) & 0xff

const nameOf = (plan: Plan): string => {
  const claim = plan.outer.find(op => op.op === 'claim')
  return claim === undefined ? '' : (String(claim.path).split('/').at(-1) ?? '')
}

/** A counter record's file and hierarchy, by the operation that read it. */
const counterReader = (plan: Plan, records: readonly StatusRecord[]) => {
  const ops = allOps(plan)
  const mounts = new Map(
    plan.outer.flatMap(op => (op.op === 'makeCgroup' ? [[op.slot, String(op.mount)]] : [])),
  )
  const texts = new Map<string, string>()
  for (const record of records) {
    if (record.kind !== 'counter') continue
    const op: Op | undefined = ops[record.index]
    if (op?.op === 'collect') texts.set(`${mounts.get(op.dir)}\0${op.file}`, record.data.toString('latin1'))
  }
  return (mount: string, file: string): string | undefined => texts.get(`${mount}\0${file}`)
}

const causeOf = (records: readonly StatusRecord[], oomKills: number): Cause => {
  const exited = records.find(record => record.kind === 'exited')
  if (exited === undefined || !records.some(({ kind }) => kind === 'started')) return 'setup'
  if (exited.reason !== 'exit') return exited.reason
  // A shell whose child was killed for memory ends with 137 itself.
  const killed = (exited.wait & 0x7f) === 9 || exited.wait >> 8 === 128 + 9
  if (oomKills > 0 && killed) return 'oom'
  return exited.signal > 0 || (exited.wait & 0x7f) > 0 ? 'signal' : 'exit'
}

const timingsOf = (records: readonly StatusRecord[]): Receipt['timings'] => {
  const start = records[0]?.ns ?? 0n
  const at = (kind: StatusRecord['kind']) => {
    const record = records.find(candidate => candidate.kind === kind)
    return record === undefined ? undefined : Number((record.ns - start) / 1000n) / 1000
  }
  return { cloned: at('cloned'), started: at('started'), exited: at('exited'), tornDown: at('tornDown') }
}
