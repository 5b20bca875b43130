import type { CgroupHost } from '@tsbox/cgroups'
import { planBox } from '@tsbox/plan'
import { allOps, type EndReason, type OpName, type Plan, type StatusRecord } from '@tsbox/protocol'
import { type BoxInput, parseBox } from '@tsbox/spec'
import { hostOf, type Mode, PLAIN_ROOT } from '../../plan/test/hosts.ts'

/** The plan of a small box on one of the fixed hosts. */
export const planOn = (mode: Mode, input: Partial<BoxInput> = {}): Plan =>
  planBox(parseBox({ args: ['true'], name: 'one', ...input }), hostOf(mode), {
    root: PLAIN_ROOT,
    lease: true,
  })

export const cgroupsOf = (mode: Mode): CgroupHost => hostOf(mode).cgroups

/** The first operation of a name that holds these values, as its index in the plan. */
export const indexOf = (plan: Plan, name: OpName, holds: Readonly<Record<string, unknown>> = {}): number =>
  allOps(plan).findIndex(op => {
    const values = op as unknown as Readonly<Record<string, unknown>>
    return op.op === name && Object.entries(holds).every(([key, value]) => values[key] === value)
  })

/** A counter record for a file of the box's group: as if the kernel had said this. */
export const counter = (plan: Plan, file: string, text: string): StatusRecord => {
  const index = indexOf(plan, 'collect', { file })
  if (index < 0) throw new Error(`${file} is not collected`)
  return { kind: 'counter', index, data: Buffer.from(text), ns: 9_000_000n }
}

/** The records of a run that went well, at 1, 2, 5 and 10 ms; `end` says how the program ended. */
export const recordsOf = (
  end: { wait?: number; reason?: EndReason; signal?: number } = {},
  counters: readonly StatusRecord[] = [],
): StatusRecord[] => [
  { kind: 'cloned', pid: 7, ns: 1_000_000n },
  { kind: 'started', pid: 7, ns: 2_000_000n },
  { kind: 'exited', wait: 0, reason: 'exit', signal: 0, ns: 5_000_000n, ...end },
  ...counters,
  { kind: 'tornDown', ns: 10_000_000n },
]
