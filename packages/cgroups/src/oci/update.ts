import { attempts, targetOf } from '../apply.ts'
import { peekText } from '../files.ts'
import type { CgroupHost } from '../host.ts'
import { enableWrites, type GroupDir } from '../layout.ts'
import { controllersOf, type LimitWrite } from '../writes.ts'
import { readerOf, writeNow } from './files.ts'
import { resourceWrites } from './resource-writes.ts'
import type { OciResources } from './resources.ts'

export interface LiveGroup {
  readonly host: CgroupHost
  /** The group's directories, as `openContainer` finds them. */
  readonly dirs: readonly GroupDir[]
}

/** v2: has the groups above pass down the controllers of some writes, where they do not yet. */
const enableFor = ({ host, dirs }: LiveGroup, writes: readonly LimitWrite[]): void => {
  const needed = controllersOf(writes.filter(({ version }) => version === 2))
  for (const dir of dirs) {
    if (dir.version !== 2) continue
    for (const { file, value } of enableWrites(host, { ...dir, controllers: needed })) {
      const enabled = (peekText(file) ?? '').trim().split(' ')
      const missing = value.split(' ').filter(name => !enabled.includes(name.slice(1)))
      if (missing.length > 0) writeNow({ path: file, value: missing.join(' '), step: 'linux.resources' })
    }
  }
}

const tryWrite = (dirs: readonly GroupDir[], write: LimitWrite): unknown => {
  try {
    writeNow({ path: targetOf(dirs, write), value: write.value, step: write.knob })
    return undefined
  } catch (error) {
    return error
  }
}

/**
 * Changes the limits of a live group; fields not named stay as they are. Devices are left alone. The values in force decide the
 * order (raising memory and swap needs another than lowering them), and a memory limit without a new `swap` keeps the sum of
 * both.
 *
 * @throws TsboxError ERR_TSBOX_CONTROLLER, ERR_TSBOX_SPEC as `resourceWrites` does, before anything is written, and ERR_TSBOX_CGROUP
 *   for a value the kernel refuses; some of the others may be in force then. `step` is the field
 */
export const applyResources = (group: LiveGroup & { readonly resources: OciResources }): void => {
  const { host, dirs, resources } = group
  const current = readerOf(dirs)
  enableFor(group, resourceWrites(host, resources, { current }))
  // Again, because a controller that has just been enabled has files to look at.
  const order = attempts(resourceWrites(host, resources, { current }))
  for (let next = order.next(); !next.done; ) next = order.next(tryWrite(dirs, next.value))
}
