import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Contender } from './contender.ts'
import { environment } from './environment.ts'
import { unlessInterrupted } from './interruption.ts'
import { identify, isAlive, markedWith, type ProcessId, send, treeOf, wordsOf } from './processes.ts'

/** A box that stays alive until it is ended. */
export type Box = {
  /** What was spawned: it, or what it became, supervises the box. */
  readonly started: ProcessId
  readonly payload: ProcessId
  /** Everything that exists because of the box, the payload included. */
  readonly members: readonly ProcessId[]
}

const START_LIMIT_MS = 30_000
const TOGETHER = 4

/** The environment variable that names the run and the contender a process belongs to. */
const markOf = (contender: string) => `${process.pid}-${contender}`

/** What was spawned and is not known to have ended, whatever becomes of the run; {@link endAll} empties it. */
const spawned = new Set<ProcessId>()

const spawnIdle = (command: readonly string[], contender: string): ProcessId => {
  const [file = '', ...args] = command
  const env = { ...environment, TSBOX_BENCH: markOf(contender) }
  const child = spawn(file, args, { stdio: 'ignore', env })
  child.on('error', () => undefined)
  const started = child.pid === undefined ? undefined : identify(child.pid)
  if (started === undefined) throw new Error(`cannot start ${command.join(' ')}`)
  spawned.add(started)
  return started
}

const payloadIn = (pid: number, payload: readonly string[]): number | undefined =>
  treeOf(pid).find(member => wordsOf(member).join('\0') === payload.join('\0'))

const whenUp = async (started: ProcessId, payload: readonly string[]): Promise<Box> => {
  const deadline = Date.now() + START_LIMIT_MS
  while (isAlive(started) && Date.now() < deadline) {
    const found = payloadIn(started.pid, payload)
    const inside = found === undefined ? undefined : identify(found)
    if (inside !== undefined) {
      const members = treeOf(started.pid).map(identify)
      return { started, payload: inside, members: members.filter(member => member !== undefined) }
    }
    await sleep(5)
  }
  const what = isAlive(started) ? `is not up after ${START_LIMIT_MS} ms` : 'ended before its payload ran'
  throw new Error(`an idle box (process ${started.pid}) ${what}`)
}

/**
 * Starts boxes, a few at a time, and returns them when every payload runs. `from` is the first slot.
 * @throws Error when one does not start; {@link endAll} ends the others
 */
export const startBoxes = async (
  { idle, payload, name, surroundings = [] }: Contender,
  { count, from }: { readonly count: number; readonly from: number },
): Promise<readonly Box[]> => {
  if (idle === undefined || payload === undefined) throw new Error(`${name} has no idle box`)
  const boxes: Box[] = []
  while (boxes.length < count) {
    await unlessInterrupted()
    const batch = Array.from({ length: Math.min(TOGETHER, count - boxes.length) }, (_, index) =>
      spawnIdle([...surroundings, ...idle(from + boxes.length + index)], name),
    )
    boxes.push(...(await Promise.all(batch.map(started => whenUp(started, payload)))))
  }
  return boxes
}

const untilGone = async (
  targets: readonly ProcessId[],
  milliseconds: number,
): Promise<readonly ProcessId[]> => {
  const deadline = Date.now() + milliseconds
  let left = targets.filter(isAlive)
  while (left.length > 0 && Date.now() < deadline) {
    await sleep(20)
    left = left.filter(isAlive)
  }
  return left
}

/** Ends boxes from the inside, so that each takes itself down, and only then from the outside. */
export const endBoxes = async (boxes: readonly Box[]): Promise<void> => {
  const members = boxes.flatMap(box => box.members)
  for (const box of boxes) send(box.payload, 'SIGTERM')
  await untilGone(
    boxes.map(box => box.payload),
    1_000,
  )
  for (const box of boxes) send(box.payload, 'SIGKILL')
  const afterPayload = await untilGone(members, 10_000)
  for (const member of afterPayload) send(member, 'SIGKILL')
  const left = await untilGone(afterPayload, 5_000)
  for (const box of boxes) spawned.delete(box.started)
  if (left.length > 0) throw new Error(`processes that do not end: ${left.map(({ pid }) => pid).join(', ')}`)
}

/** Processes of a contender's boxes that left their box's tree, such as a helper that is process 1's child now. */
export const strays = (contender: string, boxes: readonly Box[]): readonly ProcessId[] => {
  const known = new Set(boxes.flatMap(box => box.members.map(({ pid }) => pid)))
  return markedWith(`TSBOX_BENCH=${markOf(contender)}`)
    .filter(pid => !known.has(pid))
    .map(identify)
    .filter(found => found !== undefined)
}

/**
 * For the end of a run that went wrong: ends what is still there from the inside, so that each box takes itself down,
 * and kills what does not follow.
 */
export const endAll = async (): Promise<void> => {
  const trees = [...spawned].filter(isAlive).map(({ pid }) => treeOf(pid))
  spawned.clear()
  const innermost = trees.map(tree => tree.at(-1)).map(pid => (pid === undefined ? undefined : identify(pid)))
  const members = trees.flat().map(identify)
  for (const process of innermost) if (process !== undefined) send(process, 'SIGKILL')
  const left = await untilGone(
    members.filter(member => member !== undefined),
    10_000,
  )
  for (const member of left) send(member, 'SIGKILL')
  await untilGone(left, 5_000)
}
