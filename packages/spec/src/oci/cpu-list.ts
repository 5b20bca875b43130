import { type Check, shown, text } from './check.ts'
import { configError } from './config-error.ts'

/** NR_CPUS of the largest kernels. */
const MOST = 8192

/**
 * A list of processors such as `0-3,7` (config.md, "execCPUAffinity"; blanks may stand around an item). An empty one counts
 * as absent.
 */
export const cpuList: Check<string | undefined> = (value, path) => {
  const read = text(value, path)
  if (read.trim() === '') return undefined
  for (const item of read.split(',')) {
    const [, first, last = first] = /^ *(\d{1,5})(?:-(\d{1,5}))? *$/.exec(item) ?? []
    if (first !== undefined && Number(first) <= Number(last) && Number(last) < MOST) continue
    throw configError(
      path,
      `${shown(item)} is neither a processor nor a range of them`,
      'Write numbers and ranges, such as 0-3,7.',
    )
  }
  return read
}
