import { allOps, describeOp, type Plan, type StatusRecord } from '@tsbox/protocol'

/** One event of the Chrome trace format ("X", a complete event); times are microseconds. Perfetto opens the file. */
export interface TraceEvent {
  readonly name: string
  readonly cat: string
  readonly ph: 'X'
  readonly ts: number
  readonly dur: number
  readonly pid: number
  readonly tid: number
  readonly args: Readonly<Record<string, string | number>>
}

const SUPERVISOR = 1
const INIT = 2

/**
 * Every operation with its time, from a traced run. An operation begins where the one before it in the same process
 * ended; the first of init begins at its birth.
 */
export const traceEvents = (plan: Plan, records: readonly StatusRecord[]): readonly TraceEvent[] => {
  const ops = allOps(plan)
  const inner = { from: plan.outer.length, to: plan.outer.length + plan.inner.length }
  const origin = records[0]?.ns ?? 0n
  const previous = new Map<number, bigint>([
    [SUPERVISOR, origin],
    [INIT, origin],
  ])
  const events: TraceEvent[] = []
  for (const record of records) {
    if (record.kind === 'cloned') previous.set(INIT, record.ns)
    if (record.kind !== 'done' && record.kind !== 'failed' && record.kind !== 'started') continue
    const index = record.kind === 'started' ? inner.to - 1 : record.index
    const op = ops[index]
    if (op === undefined) continue
    const tid = index >= inner.from && index < inner.to ? INIT : SUPERVISOR
    const start = previous.get(tid) ?? origin
    previous.set(tid, record.ns)
    events.push({
      name: op.op,
      cat:
        record.kind === 'failed'
          ? 'failed'
          : index < inner.from
            ? 'outer'
            : tid === INIT
              ? 'inner'
              : 'teardown',
      ph: 'X',
      ts: Number(start - origin) / 1000,
      dur: Number(record.ns - start) / 1000,
      pid: 1,
      tid,
      args: { index, op: describeOp(op) },
    })
  }
  return events
}
