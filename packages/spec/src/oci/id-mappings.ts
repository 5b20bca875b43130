import { type Check, list, uint32, whole } from './check.ts'
import type { OciIdMapping } from './config.ts'
import { configError } from './config-error.ts'
import { record } from './record.ts'

/** UID_GID_MAP_MAX_EXTENTS of the kernel (user_namespaces(7)). */
const MOST = 340

/** One past the largest id; the largest itself is -1 and cannot be mapped. */
const ID_END = 2 ** 32 - 1

const mappings = list(
  record<OciIdMapping>({
    fields: { containerID: uint32, hostID: uint32, size: whole(1, ID_END) },
    required: ['containerID', 'hostID', 'size'],
  }),
)

/** A uid or gid map, by the kernel's rules: at most 340 ranges, none too far, none over another on either side. */
export const idMappings: Check<readonly OciIdMapping[]> = (value, path) => {
  const read = mappings(value, path)
  if (read.length > MOST)
    throw configError(path, `has ${read.length} ranges`, `The kernel takes at most ${MOST}.`)
  for (const side of ['containerID', 'hostID'] as const) {
    const sorted = read.map((range, i) => ({ i, start: range[side], end: range[side] + range.size }))
    sorted.sort((a, b) => a.start - b.start)
    for (const [place, { i, start, end }] of sorted.entries()) {
      const field = `${path}[${i}].${side}`
      if (end > ID_END)
        throw configError(field, `the range ends beyond ${ID_END - 1}`, 'Give a smaller size.')
      const before = sorted[place - 1]
      if (before !== undefined && before.end > start)
        throw configError(
          field,
          `${start} is in the range of ${path}[${before.i}] too`,
          'Let no two overlap.',
        )
    }
  }
  return read
}
