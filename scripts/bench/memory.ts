import { setTimeout as sleep } from 'node:timers/promises'
import { type Box, endBoxes, startBoxes, strays } from './boxes.ts'
import type { Contender } from './contender.ts'
import { unlessInterrupted } from './interruption.ts'
import { type ProcessId, pssOf } from './processes.ts'
import { mean } from './stats.ts'

/** What one idle box keeps in memory, in KiB, as the mean of `boxes` boxes alive together. */
export type IdleMemory =
  | {
      readonly kind: 'measured'
      readonly name: string
      readonly boxes: number
      readonly processesPerBox: number
      /** Every process of the box, the payload's own included. */
      readonly total: number
      /** The same without the payload's own process: what the tool itself costs. */
      readonly supervision: number
    }
  | { readonly kind: 'missing'; readonly name: string; readonly why: string }

const SETTLE_MS = 300

const sum = (members: readonly ProcessId[]): number =>
  members.reduce((total, { pid }) => total + pssOf(pid), 0)

const weigh = (name: string, boxes: readonly Box[]): IdleMemory => {
  const outside = strays(name, boxes)
  const totals = boxes.map(box => sum(box.members))
  const payloads = boxes.map(box => pssOf(box.payload.pid))
  const shared = sum(outside) / boxes.length
  const processes = boxes.reduce((count, box) => count + box.members.length, outside.length)
  const total = mean(totals) + shared
  return {
    kind: 'measured',
    name,
    boxes: boxes.length,
    processesPerBox: processes / boxes.length,
    total,
    supervision: total - mean(payloads),
  }
}

/** Starts `count` boxes, weighs them, and ends them. Memory that only the kernel holds for a box is not in PSS. */
export const measureIdle = async (contender: Contender, count: number): Promise<IdleMemory> => {
  const { name } = contender
  const why = contender.whyMissing()
  if (why !== undefined) return { kind: 'missing', name, why }
  try {
    const boxes = await startBoxes(contender, { count, from: 0 })
    await sleep(SETTLE_MS)
    const weighed = weigh(name, boxes)
    await endBoxes(boxes)
    return weighed
  } catch (error) {
    await unlessInterrupted()
    return { kind: 'missing', name, why: `fails: ${error instanceof Error ? error.message : String(error)}` }
  }
}
