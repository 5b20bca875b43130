import { type Check, int64, whole } from './check.ts'
import type { OciTimeOffset } from './config.ts'
import { configError, jsonPath } from './config-error.ts'
import { map, record } from './record.ts'

const CLOCKS: readonly unknown[] = ['monotonic', 'boottime']

const clock: Check<unknown> = (key, path) => {
  if (CLOCKS.includes(key)) return key
  throw configError(
    jsonPath(path, String(key)),
    'this clock has no offset',
    'Only monotonic and boottime have (time_namespaces(7)).',
  )
}

/** `linux.timeOffsets` (config-linux.md, "Offset for Time Namespace"). */
export const timeOffsets = map(
  record<OciTimeOffset>({ fields: { secs: int64, nanosecs: whole(0, 999_999_999) } }),
  clock,
)
