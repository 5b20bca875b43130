import { setTimeout as sleep } from 'node:timers/promises'

export interface WaitOptions {
  /** How long to try, in milliseconds. */
  readonly timeoutMs: number
}

/**
 * Runs `attempt` until it says true, with pauses that grow from 1 to 50 ms. False when the time is over; `attempt` runs
 * once at least.
 */
export const retryUntil = async (
  attempt: () => Promise<boolean>,
  { timeoutMs }: WaitOptions,
): Promise<boolean> => {
  const deadline = performance.now() + timeoutMs
  for (let pause = 1; ; pause = Math.min(50, pause * 2)) {
    if (await attempt()) return true
    if (performance.now() >= deadline) return false
    await sleep(pause)
  }
}
