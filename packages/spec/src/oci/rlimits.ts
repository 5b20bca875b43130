import { RLIMITS } from '../rlimits.ts'
import { type Check, list, oneOf, uint64 } from './check.ts'
import type { OciProcess } from './config.ts'
import { configError } from './config-error.ts'
import { record } from './record.ts'

type OciRlimit = NonNullable<OciProcess['rlimits']>[number]

const limits = list(
  record<OciRlimit>({
    fields: {
      type: oneOf(RLIMITS.map(name => `RLIMIT_${name.toUpperCase()}`)),
      soft: uint64,
      hard: uint64,
    },
    required: ['type', 'soft', 'hard'],
  }),
)

/** Resource limits (config.md, "POSIX process"): known ones, each once, the soft value not above the hard one. */
export const rlimits: Check<readonly OciRlimit[]> = (value, path) => {
  const read = limits(value, path)
  for (const [i, { type, soft, hard }] of read.entries()) {
    if (read.findIndex(other => other.type === type) < i)
      throw configError(`${path}[${i}].type`, `${type} is limited twice`, 'Keep one of the two.')
    if (soft > hard)
      throw configError(
        `${path}[${i}].soft`,
        `${soft} is above the hard limit ${hard}`,
        'Raise hard or lower soft.',
      )
  }
  return read
}
