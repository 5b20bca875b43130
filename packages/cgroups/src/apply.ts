import { dirname } from 'node:path'
import { TsboxError } from '@tsbox/errors'
import { errnoOf } from './file-error.ts'
import { exists, missingFile, writeValue } from './files.ts'
import type { GroupDir } from './layout.ts'
import type { LimitWrite } from './writes.ts'

/** The file of the group that a write goes to. */
export const targetOf = (dirs: readonly GroupDir[], write: LimitWrite): string => {
  const dir = dirs.find(({ mount }) => mount === write.mount)
  if (dir !== undefined) return `${dir.path}/${write.file}`
  throw new TsboxError('ERR_TSBOX_CGROUP', `the group was made without the ${write.controller} controller`, {
    hint: `name it when the group is made: controllers: ['${write.controller}', …]`,
    step: write.knob,
  })
}

const writeLimit = async (dirs: readonly GroupDir[], write: LimitWrite): Promise<void> => {
  const path = targetOf(dirs, write)
  try {
    await writeValue(path, write.value, write.knob)
  } catch (error) {
    const absent = error instanceof TsboxError && errnoOf(error.cause) === 'ENOENT'
    throw absent && (await exists(dirname(path))) ? missingFile(write.knob, path, error.cause) : error
  }
}

/** The kernel checks one file's value against another's: these may succeed once others are written. */
const MAY_PASS_LATER: ReadonlySet<string | undefined> = new Set(['EINVAL', 'EBUSY'])

/**
 * Which write to try next: yields one, is told its error or undefined. What the kernel refuses is tried again after the
 * others, as long as any succeeds: raising `memory.max` and `memory.swap` on v1 needs one order, lowering them the other.
 */
export function* attempts(writes: readonly LimitWrite[]): Generator<LimitWrite, void, unknown> {
  let left = writes
  while (left.length > 0) {
    const refused: { write: LimitWrite; error: TsboxError }[] = []
    for (const write of left) {
      const error = yield write
      if (error === undefined) continue
      if (!(error instanceof TsboxError && MAY_PASS_LATER.has(errnoOf(error.cause)))) throw error
      refused.push({ write, error })
    }
    const [first] = refused
    if (first !== undefined && refused.length === left.length) throw first.error
    left = refused.map(({ write }) => write)
  }
}

/**
 * Writes limits into a group, in the order `attempts` finds.
 *
 * @throws TsboxError ERR_TSBOX_CONTROLLER for a file this kernel lacks, ERR_TSBOX_CGROUP for a refused value
 */
export const applyWrites = async (
  dirs: readonly GroupDir[],
  writes: readonly LimitWrite[],
): Promise<void> => {
  const order = attempts(writes)
  for (let next = order.next(); !next.done; ) {
    const failure: unknown = await writeLimit(dirs, next.value).catch(error => error)
    next = order.next(failure)
  }
}
