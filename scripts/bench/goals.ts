import type { Latency } from './alive.ts'
import type { Outcome } from './measure.ts'
import type { IdleMemory } from './memory.ts'

export type Results = {
  readonly commands: readonly Outcome[]
  readonly memory: readonly IdleMemory[]
  readonly latency: readonly Latency[]
}

export type Goal = {
  readonly text: string
  readonly verdict: 'met' | 'missed' | 'not measured'
  /** What was found, in words, or why nothing was. */
  readonly found: string
}

const COMMAND_LIMIT = 1.25
const MEMORY_LIMIT_KIB = 256
const ALIVE_LIMIT = 1.5

/** The median of a measured contender, in milliseconds. */
export const medianOf = (commands: readonly Outcome[], name: string): number | undefined => {
  const outcome = commands.find(each => each.name === name)
  return outcome?.kind === 'measured' ? outcome.times.p50 : undefined
}

const judge = (
  text: string,
  value: number | undefined,
  { limit, words }: { readonly limit: number; readonly words: (value: number) => string },
): Goal =>
  value === undefined
    ? { text, verdict: 'not measured', found: 'no result' }
    : { text, verdict: value <= limit ? 'met' : 'missed', found: words(value) }

const commandGoal = (commands: readonly Outcome[], name: string): Goal => {
  const ours = medianOf(commands, name)
  const node = medianOf(commands, 'node')
  return judge(
    `${name}: whole command, p50 ≤ ${COMMAND_LIMIT} × bare node`,
    ours === undefined || node === undefined ? undefined : ours / node,
    { limit: COMMAND_LIMIT, words: ratio => `${ratio.toFixed(2)} ×` },
  )
}

const memoryGoal = (memory: readonly IdleMemory[]): Goal => {
  const ours = memory.find(each => each.name === 'tsbox-rootfs')
  return judge(
    `tsbox-rootfs: idle box with everything in it ≤ ${MEMORY_LIMIT_KIB} KiB PSS`,
    ours?.kind === 'measured' ? ours.total : undefined,
    { limit: MEMORY_LIMIT_KIB, words: kib => `${kib.toFixed(0)} KiB` },
  )
}

const aliveGoal = (latency: readonly Latency[]): Goal => {
  const ours = latency.find(each => each.name === 'tsbox')
  const most = ours?.kind === 'measured' ? ours.levels.toSorted((a, b) => b.alive - a.alive)[0] : undefined
  return judge(
    `tsbox: start latency with ${most?.alive ?? 500} boxes alive, p50 ≤ ${ALIVE_LIMIT} × with none`,
    most?.ratio,
    { limit: ALIVE_LIMIT, words: ratio => `${ratio.toFixed(2)} ×` },
  )
}

/** Holds the results against the numbers that the project promises. */
export const judgeGoals = ({ commands, memory, latency }: Results): readonly Goal[] => [
  commandGoal(commands, 'tsbox'),
  commandGoal(commands, 'tsbox-rootfs'),
  memoryGoal(memory),
  aliveGoal(latency),
]
