import { TsboxError } from '@tsbox/errors'
import { errnoOf } from './file-error.ts'
import { exists, missingFile, writeValue } from './files.ts'
import type { GroupDir } from './layout.ts'
import type { LimitWrite } from './writes.ts'

const writeLimit = async (dirs: readonly GroupDir[], write: LimitWrite): Promise<void> => {
  const dir = dirs.find(({ mount }) => mount === write.mount)
  if (dir === undefined) {
    throw new TsboxError(
      'ERR_TSBOX_CGROUP',
      `the group was made without the ${write.controller} controller`,
      {
        hint: `name it when the group is made: controllers: ['${write.controller}', …]`,
        step: write.knob,
      },
    )
  }
  const path = `${dir.path}/${write.file}`
  try {
    await writeValue(path, write.value, write.knob)
  } catch (error) {
    const absent = error instanceof TsboxError && errnoOf(error.cause) === 'ENOENT'
    throw absent && (await exists(dir.path)) ? missingFile(write.knob, path, error.cause) : error
  }
}

/** The kernel checks one file's value against another's: these may succeed once others are written. */
const MAY_PASS_LATER: ReadonlySet<string | undefined> = new Set(['EINVAL', 'EBUSY'])

/**
 * Writes limits into a group. What the kernel refuses is tried again after the others, as long as any succeeds:
 * raising `memory.max` and `memory.swap` on v1 needs one order, lowering them the other.
 *
 * @throws TsboxError ERR_TSBOX_CONTROLLER for a file this kernel lacks, ERR_TSBOX_CGROUP for a refused value
 */
export const applyWrites = async (
  dirs: readonly GroupDir[],
  writes: readonly LimitWrite[],
): Promise<void> => {
  let left = writes
  while (left.length > 0) {
    const refused: { write: LimitWrite; error: TsboxError }[] = []
    for (const write of left) {
      try {
        await writeLimit(dirs, write)
      } catch (error) {
        if (!(error instanceof TsboxError && MAY_PASS_LATER.has(errnoOf(error.cause)))) throw error
        refused.push({ write, error })
      }
    }
    const [first] = refused
    if (first !== undefined && refused.length === left.length) throw first.error
    left = refused.map(({ write }) => write)
  }
}
