import type { Readable, Writable } from 'node:stream'
import { isTsboxError, TsboxError } from '@tsbox/errors'
import { encode, type Plan, type StatusRecord } from '@tsbox/protocol'
import { errorOf, launchShim, locateShim, teardownFailures } from '@tsbox/shim'
import { type BoxInput, parseBox } from '@tsbox/spec'
import { prepare } from './prepare.ts'
import { type Receipt, receiptOf } from './receipt.ts'

type Stdio = 'inherit' | 'pipe' | 'ignore' | number

export interface RunOptions {
  /** Ends the box: stop signal, patience, SIGKILL. */
  readonly signal?: AbortSignal
  /** Standard input, output and error, as of child_process.spawn. Default: ignore, pipe, pipe. */
  readonly stdio?: readonly [Stdio, Stdio, Stdio]
}

/** A running box. */
export interface RunningBox extends AsyncDisposable {
  readonly name: string
  readonly stdin: Writable | null
  readonly stdout: Readable | null
  readonly stderr: Readable | null
  /**
   * Settles when nothing of the box is left; rejects with a TsboxError when it could not be set up or something could not
   * be removed, and with the signal's reason when it was aborted before its program began.
   */
  readonly receipt: Promise<Receipt>
  /** Sends the box's stop signal, and SIGKILL when its patience is over. */
  stop(): void
  /** Kills everything in the box at once. */
  kill(): void
}

/**
 * Runs a box and returns at once. The box does not outlive this process: its supervisor holds a pipe to it.
 *
 * @throws TsboxError ERR_TSBOX_NOT_ROOT, ERR_TSBOX_SPEC, ERR_TSBOX_SIZE, ERR_TSBOX_CONTROLLER, ERR_TSBOX_ROOTFS,
 *   ERR_TSBOX_SHIM_MISSING before anything is changed
 */
export const run = (input: BoxInput, options: RunOptions = {}): RunningBox => {
  requireRoot()
  options.signal?.throwIfAborted()
  const { box, host, plan } = prepare(parseBox({ ...input, terminal: false }), { lease: true })
  const shim = launchShim({
    shim: locateShim(),
    plan: encode(plan),
    stdio: options.stdio ?? ['ignore', 'pipe', 'pipe'],
  })
  const stop = () => void shim.child.kill('SIGTERM')
  options.signal?.addEventListener('abort', stop, { once: true })
  const receipt = shim.ended.then(() => {
    options.signal?.removeEventListener('abort', stop)
    try {
      throwIfFailed(plan, shim.records)
    } catch (error) {
      // Aborted before its program began: that is what happened, not how the shim took it.
      if (options.signal?.aborted && isTsboxError(error, 'ERR_TSBOX_SHIM_DIED')) throw options.signal.reason
      throw error
    }
    return receiptOf({ plan, records: shim.records }, host.cgroups)
  })
  // A caller that only reads the output must not be ended by a rejection nobody asked for.
  receipt.catch(() => {})
  return {
    name: box.name,
    stdin: shim.child.stdin,
    stdout: shim.child.stdout,
    stderr: shim.child.stderr,
    receipt,
    stop,
    kill: shim.abandon,
    [Symbol.asyncDispose]: async () => {
      shim.abandon()
      await receipt.catch(() => {})
    },
  }
}

/** @throws TsboxError ERR_TSBOX_NOT_ROOT */
export const requireRoot = (): void => {
  if (process.geteuid?.() === 0) return
  throw new TsboxError('ERR_TSBOX_NOT_ROOT', 'running a box needs root', {
    hint: 'Try again with sudo.',
    step: 'run',
  })
}

const throwIfFailed = (plan: Plan, records: readonly StatusRecord[]): void => {
  const error = errorOf(plan, records) ?? teardownFailures(plan, records)[0]
  if (error !== undefined) throw error
}
