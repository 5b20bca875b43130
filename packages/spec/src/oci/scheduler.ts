import type { Int64 } from '@tsbox/cgroups'
import { type Check, list, oneOf, whole, whole64 } from './check.ts'
import type { OciScheduler } from './config.ts'
import { configError } from './config-error.ts'
import { record } from './record.ts'

/** Those of sched_setattr(2). SCHED_ISO is a name of the specification that Linux never had. */
const POLICIES = [
  'SCHED_OTHER',
  'SCHED_FIFO',
  'SCHED_RR',
  'SCHED_BATCH',
  'SCHED_IDLE',
  'SCHED_DEADLINE',
] as const

const FLAGS = [
  'SCHED_FLAG_RESET_ON_FORK',
  'SCHED_FLAG_RECLAIM',
  'SCHED_FLAG_DL_OVERRUN',
  'SCHED_FLAG_KEEP_POLICY',
  'SCHED_FLAG_KEEP_PARAMS',
  'SCHED_FLAG_UTIL_CLAMP_MIN',
  'SCHED_FLAG_UTIL_CLAMP_MAX',
] as const

/** What the kernel keeps from before, so that the configuration need not say it. */
const KEEPING: readonly string[] = ['SCHED_FLAG_KEEP_POLICY', 'SCHED_FLAG_KEEP_PARAMS']
const OF_DEADLINE: readonly string[] = ['SCHED_FLAG_RECLAIM', 'SCHED_FLAG_DL_OVERRUN']

/** The kernel counts deadlines in units of 1024 ns and needs the highest bit for itself. */
const LEAST_RUNTIME = 1024
const nanoseconds = whole64(0n, 2n ** 63n - 1n)

const fields = record<OciScheduler>({
  fields: {
    policy: oneOf(POLICIES),
    nice: whole(-20, 19),
    priority: whole(0, 99),
    flags: list(oneOf(FLAGS)),
    runtime: nanoseconds,
    deadline: nanoseconds,
    period: nanoseconds,
  },
  required: ['policy'],
})

/** `process.scheduler`, with what sched_setattr(2) would refuse or ignore refused. */
export const scheduler: Check<OciScheduler> = (value, path) => {
  const read = fields(value, path)
  priorityFits(read, path)
  if (read.policy === 'SCHED_DEADLINE') {
    deadlineFits(read, path)
    return read
  }
  for (const name of ['runtime', 'deadline', 'period'] as const) {
    if ((read[name] ?? 0) !== 0)
      throw configError(`${path}.${name}`, `is not for ${read.policy}`, 'Only SCHED_DEADLINE has it.')
  }
  const flag = (read.flags ?? []).findIndex(name => OF_DEADLINE.includes(name))
  if (flag < 0) return read
  throw configError(
    `${path}.flags[${flag}]`,
    `${read.flags?.[flag]} is not for ${read.policy}`,
    'Only SCHED_DEADLINE has it.',
  )
}

const keeps = ({ flags = [] }: OciScheduler): boolean => flags.some(flag => KEEPING.includes(flag))

const priorityFits = (read: OciScheduler, path: string): void => {
  const { policy, priority = 0 } = read
  const realtime = policy === 'SCHED_FIFO' || policy === 'SCHED_RR'
  if (realtime && priority === 0 && !keeps(read))
    throw configError(`${path}.priority`, `${policy} needs one`, 'Give 1 to 99.')
  if (!realtime && priority !== 0)
    throw configError(`${path}.priority`, `is not for ${policy}`, 'Only SCHED_FIFO and SCHED_RR have it.')
}

const deadlineFits = (read: OciScheduler, path: string): void => {
  const { runtime = 0, deadline = 0, period = 0 } = read
  const end: Int64 = period === 0 ? deadline : period
  if (keeps(read)) return
  if (runtime >= LEAST_RUNTIME && runtime <= deadline && deadline <= end) return
  throw configError(
    path,
    `a runtime of ${runtime}, a deadline of ${deadline} and a period of ${period} do not go together`,
    `Give nanoseconds with ${LEAST_RUNTIME} ≤ runtime ≤ deadline ≤ period.`,
  )
}
