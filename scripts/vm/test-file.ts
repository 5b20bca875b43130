import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { countTap } from './tap-count.ts'

export interface FileRequest {
  readonly file: string
  readonly timeoutSeconds: number
  /** A directory shared by the files of one run. */
  readonly compileCache: string
}

/** What one test file did. */
export interface FileResult {
  readonly file: string
  readonly tap: string
  readonly passed: number
  readonly failed: number
  readonly skipped: readonly string[]
  readonly seconds: number
  /** Why the file failed, when its assertions do not say it. */
  readonly problem: string | undefined
}

/** For tap to report what it was waiting for, before the process is killed. */
const GRACE_SECONDS = 10

/** For the rest of the output, when processes the test started still hold the pipe. */
const DRAIN_SECONDS = 5

/** Runs one test file with plain Node: tap prints TAP by itself, and the tap runner takes long to load under emulation. */
export async function runTestFile({ file, timeoutSeconds, compileCache }: FileRequest): Promise<FileResult> {
  const started = performance.now()
  const preload = new URL(`compile-cache.mts?directory=${encodeURIComponent(compileCache)}`, import.meta.url)
    .href
  const child = spawn(process.execPath, ['--conditions=@tsbox/source', '--import', preload, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TAP_TIMEOUT: String(timeoutSeconds) },
    detached: true,
  })
  const chunks: string[] = []
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk))
  const ending = await waitForEnd(child, timeoutSeconds)
  const tap = chunks.join('')
  const count = countTap(tap)
  const problem = ending ?? (count.passed + count.failed + count.skipped.length > 0 ? undefined : 'no test')
  // A status of 1 with failed assertions is the file saying what they said.
  const extra = problem === undefined || (problem === endedWith(1) && count.failed > 0) ? 0 : 1
  const seconds = (performance.now() - started) / 1000
  return {
    file,
    tap,
    ...count,
    failed: count.failed + extra,
    seconds,
    problem: extra > 0 ? problem : undefined,
  }
}

/** Waits for the process and its output, neither for ever; returns what was wrong with its end. */
async function waitForEnd(child: ChildProcess, timeoutSeconds: number): Promise<string | undefined> {
  let problem: string | undefined
  const closed = once(child, 'close')
  const killTimer = setTimeout(
    () => {
      problem = `still running after ${timeoutSeconds} s`
      // Its whole process group; the leader is ours and not yet waited for, so the number cannot be another's.
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    },
    (timeoutSeconds + GRACE_SECONDS) * 1000,
  )
  const [status, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  clearTimeout(killTimer)
  if (status !== 0) problem ??= endedWith(signal ?? status)
  const drainTimer = setTimeout(() => {
    problem ??= 'a process it started still holds its output'
    child.stdout?.destroy()
  }, DRAIN_SECONDS * 1000)
  await closed
  clearTimeout(drainTimer)
  return problem
}

function endedWith(end: NodeJS.Signals | number | null): string {
  return `ended with ${end}`
}
