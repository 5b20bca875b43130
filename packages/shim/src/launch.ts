import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import type { Duplex, Readable } from 'node:stream'
import { TsboxError } from '@tsbox/errors'
import { decodeStatus, type StatusRecord } from '@tsbox/protocol'

export interface LaunchOptions {
  readonly shim: string
  readonly plan: Buffer
  /** As of child_process.spawn, for descriptors 0, 1 and 2. */
  readonly stdio: readonly [
    'inherit' | 'pipe' | 'ignore' | number,
    'inherit' | 'pipe' | 'ignore' | number,
    'inherit' | 'pipe' | 'ignore' | number,
  ]
  readonly onRecord?: (record: StatusRecord) => void
  /** Descriptors of this program that the plan preserves for the box, in order. */
  readonly preserve?: readonly number[]
}

export interface RunningShim {
  readonly child: ChildProcess
  /** Everything told until now. */
  readonly records: readonly StatusRecord[]
  /** Settles when the shim has ended and everything it told has been read. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  /** Answers an `await` operation. */
  release(): void
  /** Ends the lease: the box is killed and torn down. */
  abandon(): void
}

/**
 * Starts a shim as a child: the plan goes down a pipe that stays open as the lease, records come up another.
 */
export const launchShim = ({ shim, plan, stdio, onRecord, preserve = [] }: LaunchOptions): RunningShim => {
  const child = spawn(shim, preserve.length === 0 ? [] : [String(preserve.length)], {
    stdio: [...stdio, 'pipe', 'pipe', ...preserve] as StdioOptions,
    env: {},
    cwd: '/',
  })
  if ((child.stdio as unknown) === undefined) throw tooManyFiles(child)
  const control = child.stdio[3] as Duplex
  const status = child.stdio[4] as Readable
  const records: StatusRecord[] = []
  let rest: Buffer = Buffer.alloc(0)
  // A shim that ends early breaks the pipe; what it told says why.
  control.on('error', () => {})
  control.resume()
  control.write(plan)
  status.on('data', (chunk: Buffer) => {
    const decoded = decodeStatus(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]))
    rest = decoded.rest
    for (const record of decoded.records) {
      records.push(record)
      onRecord?.(record)
    }
  })
  const told = new Promise<void>(resolve => status.once('close', () => resolve()))
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => void told.then(() => resolve({ code, signal })))
  })
  return {
    child,
    records,
    ended,
    release: () => void control.write('.'),
    abandon: () => control.destroy(),
  }
}

/** Without descriptors for its pipes Node gives a child that has none, and tells of it in an event that must be heard. */
const tooManyFiles = (child: ChildProcess): TsboxError => {
  child.once('error', () => {})
  return new TsboxError('ERR_TSBOX_HOST', 'the shim cannot be started: too many open files', {
    hint: 'Raise the limit (`ulimit -n`), or run fewer boxes at once.',
    step: 'spawn',
  })
}
