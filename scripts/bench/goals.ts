import type { Latency } from './alive.ts'
import type { DockerRun } from './docker-runs.ts'
import type { Outcome } from './measure.ts'
import type { IdleMemory } from './memory.ts'
import type { RunningMemory } from './running.ts'

export type Results = {
  readonly commands: readonly Outcome[]
  readonly memory: readonly IdleMemory[]
  readonly latency: readonly Latency[]
  readonly running: readonly RunningMemory[]
  readonly docker: readonly DockerRun[]
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
const LIFE_LIMIT = 2
const DOCKER_LIMIT = 1.1
const RUNNING_LIMIT_KIB = 1024

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

const lifeGoal = (commands: readonly Outcome[]): Goal => {
  const ours = medianOf(commands, 'tsbox-life')
  const runc = medianOf(commands, 'runc-life')
  return judge(
    `create, start and delete of /bin/true, p50 ≤ ${LIFE_LIMIT} × runc`,
    ours === undefined || runc === undefined ? undefined : ours / runc,
    { limit: LIFE_LIMIT, words: ratio => `${ratio.toFixed(2)} ×` },
  )
}

const dockerGoal = (docker: readonly DockerRun[]): Goal => {
  const median = (name: string) => {
    const run = docker.find(({ runtime }) => runtime === name)
    return run?.kind === 'measured' ? run.times.p50 : undefined
  }
  const [ours, runc] = [median('tsbox'), median('runc')]
  return judge(
    `docker run --rm --network none on tsbox, p50 ≤ ${DOCKER_LIMIT} × the same on runc`,
    ours === undefined || runc === undefined ? undefined : ours / runc,
    { limit: DOCKER_LIMIT, words: ratio => `${ratio.toFixed(2)} ×` },
  )
}

const runningGoal = (running: readonly RunningMemory[]): Goal => {
  const ours = running.find(({ name }) => name === 'tsbox-life')
  return judge(
    `a running container, all that the runtime leaves resident ≤ ${RUNNING_LIMIT_KIB} KiB PSS`,
    ours?.kind === 'measured' ? ours.total : undefined,
    { limit: RUNNING_LIMIT_KIB, words: kib => `${kib.toFixed(0)} KiB` },
  )
}

/** Holds the results against the numbers that the project promises. */
export const judgeGoals = ({ commands, memory, latency, running, docker }: Results): readonly Goal[] => [
  commandGoal(commands, 'tsbox'),
  commandGoal(commands, 'tsbox-rootfs'),
  memoryGoal(memory),
  aliveGoal(latency),
  lifeGoal(commands),
  dockerGoal(docker),
  runningGoal(running),
]
