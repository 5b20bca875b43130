import { existsSync, readFileSync } from 'node:fs'
import { checkGroupPath, detectHost, type GroupDir, openContainer } from '@tsbox/cgroups'
import { TsboxError } from '@tsbox/errors'
import type { ExecInput } from '@tsbox/plan'
import type { Kept } from './store.ts'

interface Wanted {
  readonly cgroup: string | undefined
  readonly ownCgroup: string | undefined
}

/**
 * The groups a process that joins is born in: the container's, one inside it that exists, or a new one inside it.
 *
 * @throws TsboxError ERR_TSBOX_CGROUP for a group that is not there, or where there is no cgroup v2 tree for a new one
 */
export const execGroup = (
  { id, groupPath }: Kept,
  init: number,
  { cgroup, ownCgroup }: Wanted,
): Pick<ExecInput, 'dirs' | 'ownGroup'> => {
  if (groupPath === undefined) return { dirs: [], ownGroup: undefined }
  const below = cgroup?.replace(/^\/+/, '') ?? ''
  const path = below === '' ? groupPath : `${groupPath}/${below}`
  checkGroupPath(path)
  const host = detectHost()
  const inner = openContainer(host, path)
  // A group may be in some hierarchies only, as one that --own-cgroup made is; in the others the container's own holds.
  const dirs = openContainer(host, groupPath)
    .map(dir => inner.find(({ mount }) => mount === dir.mount) ?? dir)
    .map(dir => joinable(dir, init))
  if (ownCgroup === undefined) return { dirs, ownGroup: undefined }
  return { dirs, ownGroup: ownGroup(path, ownCgroup, id) }
}

/**
 * On cgroup v2 a group that passes controllers on holds no processes itself: a container that manages its own groups has moved its
 * init further down, and that is where others can join.
 */
const joinable = (dir: GroupDir, init: number): GroupDir => {
  if (dir.version === 1 || read(`${dir.path}/cgroup.subtree_control`).trim() === '') return dir
  const below = /^0::(\/.*)$/m.exec(read(`/proc/${init}/cgroup`))?.[1]
  return below === undefined || !existsSync(`${dir.mount}${below}`)
    ? dir
    : { ...dir, path: `${dir.mount}${below}` }
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

const ownGroup = (path: string, name: string, id: string): ExecInput['ownGroup'] => {
  const { unified } = detectHost()
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/.test(name)) {
    throw new TsboxError(
      'ERR_TSBOX_USAGE',
      `--own-cgroup: ${JSON.stringify(name)} cannot be a group's name`,
      {
        hint: 'Use up to 64 letters, digits, "_", "." and "-".',
        step: '--own-cgroup',
      },
    )
  }
  if (unified !== undefined) return { mount: unified.mount, path: `${path}/${name}` }
  throw new TsboxError('ERR_TSBOX_CGROUP', `container ${JSON.stringify(id)} has no group on cgroup v2`, {
    hint: 'A group of its own needs the v2 tree; mount it, or leave --own-cgroup out.',
    step: '--own-cgroup',
  })
}
