import { readlinkSync } from 'node:fs'
import { TsboxError } from '@tsbox/errors'
import { encode, type Plan, PROTOCOL } from '@tsbox/protocol'
import { becomeSupervisor, errorOf, launchShim, locateShim } from '@tsbox/shim'
import { withField } from './field-of.ts'

/** As many as there are slots for. */
const MOST_PRESERVED = PROTOCOL.maxSlots - PROTOCOL.preservedSlot

/**
 * Runs a plan in place of this program. With descriptors to preserve it is a child instead: becoming another program keeps the
 * standard streams only.
 *
 * @returns the exit status, when there is somebody left to return to
 * @throws TsboxError ERR_TSBOX_USAGE for descriptors that are not open, and what a plan's steps fail with
 */
export const runPlan = async (plan: Plan, preserveFds = 0): Promise<number> => {
  if (preserveFds === 0) return becomeSupervisor(locateShim(), encode(plan))
  const fds = Array.from({ length: preserveFds }, (_, i) => 3 + i)
  if (preserveFds > MOST_PRESERVED) throw notOpen(`at most ${MOST_PRESERVED} descriptors can be preserved`)
  for (const fd of fds) if (!isOpen(fd)) throw notOpen(`descriptor ${fd} is not open`)
  const shim = launchShim({
    shim: locateShim(),
    plan: encode({ ...plan, outer: plan.outer.filter(({ op }) => op !== 'handback') }),
    stdio: ['inherit', 'inherit', 'inherit'],
    preserve: fds,
  })
  const { code } = await shim.ended
  const error = errorOf(plan, shim.records)
  if (error !== undefined) throw withField(error, plan)
  if (code !== null && shim.records.some(({ kind }) => kind === 'tornDown')) return code
  throw new TsboxError('ERR_TSBOX_SHIM_DIED', 'the shim was ended before it was done')
}

const isOpen = (fd: number): boolean => {
  try {
    readlinkSync(`/proc/self/fd/${fd}`)
    return true
  } catch {
    return false
  }
}

const notOpen = (why: string): TsboxError =>
  new TsboxError('ERR_TSBOX_USAGE', `--preserve-fds: ${why}`, {
    hint: 'It counts descriptors from 3 on that this program was started with.',
    step: '--preserve-fds',
  })
