import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { encode, type Op, type Plan, type StatusRecord } from '../../packages/protocol/src/index.ts'
import { type Prepared, prepare } from '../../packages/runtime/src/index.ts'
import { launchShim, locateShim, type RunningShim } from '../../packages/shim/src/index.ts'
import { type BoxInput, parseBox } from '../../packages/spec/src/index.ts'

/** A place in a plan: just after one of its operations. */
export interface Point {
  readonly chapter: keyof Plan
  /** Of the operation, in its chapter. */
  readonly at: number
  readonly name: string
}

/** Every point of a plan from the first that has made something: after each operation of each chapter. */
export const pointsOf = (plan: Plan): readonly Point[] => {
  const points = (['outer', 'inner', 'teardown'] as const).flatMap(chapter =>
    plan[chapter].map(({ op }, at) => ({ chapter, at, name: `${chapter} ${at} ${op}` })),
  )
  // Before the claim there is no janitor, and nothing but an open directory to leave behind.
  return points.slice(points.findIndex(({ name }) => name.endsWith(' claim')))
}

/** Before this point there is no init to be killed, after it there may be none any more. */
export const hasInit = ({ chapter, name }: Point): boolean => chapter === 'inner' || name.endsWith(' clone')

/** After this point the program runs: there is no operation left to stop before. */
export const isRunning = ({ name }: Point): boolean => name.endsWith(' exec')

const PAUSE: Op = { op: 'await', tag: 0 }

/**
 * The plan, with a pause at the point. A pause needs the control pipe, so after `closeFds` that operation waits until
 * the pause is over; it touches nothing outside the process. After `exec` there is no plan left to pause: the pause
 * is then the program itself, which has to be one that stays.
 */
export const pausedAt = (plan: Plan, { chapter, at }: Point): Plan => {
  const ops = plan[chapter]
  if (ops[at]?.op === 'exec') return plan
  const before = ops.slice(0, at + 1)
  const late = before.filter(({ op }) => op === 'closeFds')
  const rest = ops.slice(at + 1)
  return { ...plan, [chapter]: [...before.filter(({ op }) => op !== 'closeFds'), PAUSE, ...late, ...rest] }
}

export interface PausedBox {
  readonly shim: RunningShim
  readonly supervisor: number
  /** 0 when there is none yet. */
  readonly init: number
  readonly janitor: number
}

/** Plans a box that a pipe of this process keeps alive. */
export const planOf = (input: BoxInput): Prepared => prepare(parseBox(input), { lease: true })

/** Starts a box and waits until it stands at the point. */
export const startPaused = async (plan: Plan, point: Point): Promise<PausedBox> => {
  const awaited = isRunning(point) ? 'started' : 'await'
  let reached = () => {}
  const there = new Promise<void>(resolve => {
    reached = resolve
  })
  const onRecord = (record: StatusRecord) => {
    if (record.kind === awaited) reached()
  }
  const shim = launch(pausedAt(plan, point), onRecord)
  await Promise.race([there, shim.ended])
  const supervisor = shim.child.pid ?? 0
  const cloned = shim.records.find(record => record.kind === 'cloned')
  if (!shim.records.some(({ kind }) => kind === awaited))
    throw new Error(`the box never came to ${point.name}`)
  return { shim, supervisor, init: cloned?.pid ?? 0, janitor: await janitorOf(supervisor) }
}

/** The supervisor's janitor, other than the one given; it names itself a moment after its birth. */
export const janitorOf = async (supervisor: number, other = 0): Promise<number> => {
  for (const end = Date.now() + 5000; Date.now() < end; await sleep(1)) {
    const janitor = childrenOf(supervisor).find(pid => pid !== other && nameOf(pid) === 'tsbox-janitor')
    if (janitor !== undefined) return janitor
  }
  throw new Error('the supervisor has no janitor')
}

/** Another build of the shim, such as the one under sanitizers, whose findings are to be seen. */
const OTHER_SHIM = process.env.TSBOX_TEST_SHIM

export const launch = (plan: Plan, onRecord: (record: StatusRecord) => void = () => {}): RunningShim =>
  launchShim({
    shim: OTHER_SHIM ?? locateShim(),
    plan: encode(plan),
    stdio: ['ignore', 'ignore', OTHER_SHIM === undefined ? 'ignore' : 'inherit'],
    onRecord,
  })

const read = (path: string): string => {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return '' // it has ended meanwhile
  }
}

/** A process's name as it gave it to itself, '' when it is gone. */
export const nameOf = (pid: number): string => read(`/proc/${pid}/comm`).trim()

/** A process's children, of all its threads. */
export const childrenOf = (pid: number): readonly number[] => {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap(thread =>
      read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
    )
  } catch {
    return []
  }
}

/** A process and all that came from it, each as its number and its time of birth: numbers are given away again. */
export const familyOf = (pid: number): readonly string[] =>
  [identityOf(pid), ...childrenOf(pid).flatMap(familyOf)].filter(identity => identity !== '')

const identityOf = (pid: number): string => {
  const stat = read(`/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // State is field 3 of proc_pid_stat(5), the start time field 22.
  return fields[19] === undefined || fields[0] === 'Z' || fields[0] === 'X' ? '' : `${pid} born ${fields[19]}`
}

/** Waits, up to a bound, until all of them have ended; returns those that have not. */
export const survivors = async (family: readonly string[], patience = 10_000): Promise<readonly string[]> => {
  const end = Date.now() + patience
  for (;;) {
    const left = family.filter(identity => identityOf(Number.parseInt(identity, 10)) === identity)
    if (left.length === 0 || Date.now() > end) return left
    await sleep(5)
  }
}

/** kill -9; a process that has ended meanwhile is no error. */
export const killNow = (pid: number): void => {
  if (pid <= 1) throw new Error(`${pid} is no process to kill`)
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}

/**
 * kill -9 for the supervisor and its janitor, so that neither can act on the other's end: a janitor killed first would
 * be replaced, and a supervisor killed first cleaned up after.
 */
export const killBoth = ({ supervisor, janitor }: Pick<PausedBox, 'supervisor' | 'janitor'>): void => {
  process.kill(janitor, 'SIGSTOP')
  killNow(supervisor)
  killNow(janitor)
}
