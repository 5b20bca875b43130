/** One way to run a command in a box, or one thing to compare it with. */
export type Contender = {
  /** The key in the JSON file and the name in the table. */
  readonly name: string
  readonly about: string
  /** Says why it cannot be measured here, or undefined when it can. */
  readonly whyMissing: () => string | undefined
  /** The command that runs `true`, by absolute path. */
  readonly command: () => readonly string[]
  /** A box that stays. `slot` makes names unique among boxes alive together. */
  readonly idle?: (slot: number) => readonly string[]
  /** A container that is left to itself, and whose payload is `IDLE`; the command returns once it runs. */
  readonly detached?: (slot: number) => readonly string[]
  /** The words that the payload of `idle` is started with; they tell it from its supervisors. */
  readonly payload?: readonly string[]
  /** A prefix that execs what follows it; it runs outside of the clock. */
  readonly surroundings?: readonly string[]
  readonly prepare?: () => void
  /** Takes away what a killed run may have left. */
  readonly cleanup?: () => void
}

/** It answers SIGTERM also as process 1 of a box, so a box can be ended the way it was meant to end. */
export const IDLE = ['/bin/probe', 'signal'] as const
