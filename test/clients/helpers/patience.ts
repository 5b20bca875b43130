import { setTimeout as sleep } from 'node:timers/promises'

/** Asks again until the answer is yes or patience is over; whether it was yes. A bound, not a measure. */
export const eventuallyAsync = async (ask: () => Promise<boolean>, patience = 30_000): Promise<boolean> => {
  const end = Date.now() + patience
  for (;;) {
    if (await ask()) return true
    if (Date.now() > end) return false
    await sleep(100)
  }
}
