import type { Op } from '@tsbox/protocol'
import type { OciProcess, OciScheduler } from '@tsbox/spec'

/** sched(7): numbers of policies and of sched_setattr(2)'s flags. */
const POLICIES = [
  'SCHED_OTHER',
  'SCHED_FIFO',
  'SCHED_RR',
  'SCHED_BATCH',
  'SCHED_ISO',
  'SCHED_IDLE',
  'SCHED_DEADLINE',
]
const FLAGS = [
  'SCHED_FLAG_RESET_ON_FORK',
  'SCHED_FLAG_RECLAIM',
  'SCHED_FLAG_DL_OVERRUN',
  'SCHED_FLAG_KEEP_POLICY',
  'SCHED_FLAG_KEEP_PARAMS',
  'SCHED_FLAG_UTIL_CLAMP_MIN',
  'SCHED_FLAG_UTIL_CLAMP_MAX',
]
const IO_CLASSES = ['IOPRIO_CLASS_NONE', 'IOPRIO_CLASS_RT', 'IOPRIO_CLASS_BE', 'IOPRIO_CLASS_IDLE']

/** struct sched_attr in its first version, 48 bytes. */
const schedulerBytes = (wanted: OciScheduler): Buffer => {
  const { policy, nice = 0, priority = 0, flags = [], runtime = 0, deadline = 0, period = 0 } = wanted
  const bytes = Buffer.alloc(48)
  bytes.writeUInt32LE(bytes.length, 0)
  bytes.writeUInt32LE(POLICIES.indexOf(policy), 4)
  bytes.writeBigUInt64LE(
    flags.reduce((bits, flag) => bits | (1n << BigInt(FLAGS.indexOf(flag))), 0n),
    8,
  )
  bytes.writeInt32LE(nice, 16)
  bytes.writeUInt32LE(priority, 20)
  bytes.writeBigUInt64LE(BigInt(runtime), 24)
  bytes.writeBigUInt64LE(BigInt(deadline), 32)
  bytes.writeBigUInt64LE(BigInt(period), 40)
  return bytes
}

/** How the process shares processor and disk with others. */
export const scheduleOps = ({ scheduler, ioPriority }: OciProcess): readonly Op[] => [
  ...(scheduler === undefined ? [] : [{ op: 'setScheduler', settings: schedulerBytes(scheduler) } as const]),
  ...(ioPriority === undefined
    ? []
    : [
        {
          op: 'setIoPriority',
          priority: (IO_CLASSES.indexOf(ioPriority.class) << 13) | (ioPriority.priority ?? 0),
        } as const,
      ]),
]

/** A list such as '0-3,6' as a mask; each byte holds eight processors, the lowest first. */
const affinityMask = (list: string): Buffer => {
  const numbers = list.split(',').flatMap(part => {
    const [first = 0, last = first] = part.trim().split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
  const bytes = Buffer.alloc(Math.ceil((Math.max(...numbers) + 1) / 64) * 8)
  for (const n of numbers) bytes[n >> 3]! |= 1 << (n & 7)
  return bytes
}

/** The processors to run on, if the list names any. */
export const affinityOps = (list: string | undefined): readonly Op[] =>
  list === undefined || list.trim() === '' ? [] : [{ op: 'setAffinity', processors: affinityMask(list) }]
