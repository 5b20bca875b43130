import { type Box, endBoxes, startBoxes } from './boxes.ts'
import type { Contender } from './contender.ts'
import { unlessInterrupted } from './interruption.ts'
import { timeOnce } from './measure.ts'
import { type Summary, summarize } from './stats.ts'

/** Start latency at one number of boxes alive. */
export type Level = {
  readonly alive: number
  readonly times: Summary
  /** Bare Node in the same rounds: how far the machine itself drifted. */
  readonly control: Summary
  /** p50 against the first level's p50. */
  readonly ratio: number
}

export type Latency =
  | { readonly kind: 'measured'; readonly name: string; readonly levels: readonly Level[] }
  | { readonly kind: 'missing'; readonly name: string; readonly why: string }

type Course = {
  readonly floor: string
  readonly contender: Contender
  readonly control: Contender
  /** Numbers of idle boxes, rising; the last level is followed by one with none again. */
  readonly levels: readonly number[]
  readonly rounds: number
}

const WARM_UP = 3

const level = async (
  { floor, contender, control, rounds }: Course,
  alive: number,
  base?: Level,
): Promise<Level> => {
  const times: number[] = []
  const controls: number[] = []
  for (let round = -WARM_UP; round < rounds; round += 1) {
    await unlessInterrupted()
    const time = timeOnce(floor, contender)
    const controlTime = timeOnce(floor, control)
    if (round < 0) continue
    times.push(time)
    controls.push(controlTime)
  }
  const summary = summarize(times)
  const ratio = summary.p50 / (base?.times.p50 ?? summary.p50)
  return { alive, times: summary, control: summarize(controls), ratio }
}

/** Latency of a whole command with more and more idle boxes of the same kind alive, and with none again. */
export const measureAlive = async (course: Course): Promise<Latency> => {
  const { contender } = course
  const why = contender.whyMissing()
  if (why !== undefined) return { kind: 'missing', name: contender.name, why }
  const boxes: Box[] = []
  const levels: Level[] = []
  try {
    for (const alive of course.levels) {
      boxes.push(...(await startBoxes(contender, { count: alive - boxes.length, from: boxes.length })))
      levels.push(await level(course, alive, levels[0]))
    }
    await endBoxes(boxes.splice(0))
    levels.push(await level(course, 0, levels[0]))
    return { kind: 'measured', name: contender.name, levels }
  } catch (error) {
    await unlessInterrupted()
    const said = error instanceof Error ? error.message : String(error)
    return { kind: 'missing', name: contender.name, why: `fails: ${said}` }
  }
}
