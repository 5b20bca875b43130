import type { Controller } from './host.ts'
import type { NormalLimits } from './normal.ts'

/** A kernel file of a group, what to write there, and the limit it comes from. */
export interface KnobWrite {
  readonly controller: Controller
  readonly file: string
  readonly value: string
  /** The limit's place in `Limits`: `memory.max`, `io.max[0].rbps`. */
  readonly knob: string
}

/** What limits mean on one version: per controller, the writes in an order a new group accepts. */
export type KnobWrites = Readonly<Partial<Record<Controller, (limits: NormalLimits) => readonly KnobWrite[]>>>
