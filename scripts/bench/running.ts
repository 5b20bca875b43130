import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Contender, IDLE } from './contender.ts'
import { environment } from './environment.ts'
import { unlessInterrupted } from './interruption.ts'
import { allProcesses, markedWith, pssOf, wordsOf } from './processes.ts'
import { mean } from './stats.ts'

/** What one running container keeps in memory that is not its program, in KiB. */
export type RunningMemory =
  | {
      readonly kind: 'measured'
      readonly name: string
      readonly containers: number
      readonly processesPerContainer: number
      /** Everything the runtime has left, the container's program included. */
      readonly total: number
    }
  | { readonly kind: 'missing'; readonly name: string; readonly why: string }

const SETTLE_MS = 300

/** A container's program has an environment of its own, so it is found by its words; what a runtime leaves, by the mark. */
const members = (mark: string, before: ReadonlySet<number>): readonly number[] => {
  const marked = markedWith(mark)
  const programs = payloads().filter(pid => !before.has(pid))
  return [...new Set([...marked, ...programs])]
}

const payloads = (): readonly number[] => withWords(IDLE)

const withWords = (words: readonly string[]): readonly number[] =>
  allProcesses().filter(pid => wordsOf(pid).join('\0') === words.join('\0'))

/** Starts containers that are left to themselves, weighs what is there because of them, and removes them. */
export const measureRunning = async (contender: Contender, count: number): Promise<RunningMemory> => {
  const { name, detached, surroundings = [] } = contender
  const why = contender.whyMissing()
  if (why !== undefined || detached === undefined)
    return { kind: 'missing', name, why: why ?? 'leaves nothing' }
  const mark = `TSBOX_BENCH=${process.pid}-${name}`
  const before = new Set(payloads())
  try {
    for (let slot = 0; slot < count; slot += 1) {
      await unlessInterrupted()
      const [file = '', ...args] = [...surroundings, ...detached(slot)]
      const env = { ...environment, TSBOX_BENCH: mark.split('=')[1] }
      const { status } = spawnSync(file, args, { stdio: 'ignore', env, timeout: 30_000 })
      if (status !== 0) throw new Error(`exit ${status}`)
    }
    await sleep(SETTLE_MS)
    const found = members(mark, before)
    const total = mean(found.map(pssOf)) * (found.length / count)
    return { kind: 'measured', name, containers: count, processesPerContainer: found.length / count, total }
  } catch (error) {
    await unlessInterrupted()
    return { kind: 'missing', name, why: `fails: ${error instanceof Error ? error.message : String(error)}` }
  } finally {
    contender.cleanup?.()
  }
}
