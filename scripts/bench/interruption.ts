import { setImmediate } from 'node:timers/promises'

const controller = new AbortController()

/** Ends the run at its next step, so that what it started is still taken down in order. */
export const interrupt = (): void => controller.abort(new Error('interrupted'))

export const wasInterrupted = (): boolean => controller.signal.aborted

/** Lets a signal in that arrived meanwhile. @throws Error when the run was interrupted */
export const unlessInterrupted = async (): Promise<void> => {
  await setImmediate()
  controller.signal.throwIfAborted()
}
