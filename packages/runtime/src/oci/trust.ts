import { lstatSync, mkdirSync, type Stats, statSync } from 'node:fs'
import { TsboxError } from '@tsbox/errors'

const STICKY = 0o1000

/** A caller's own group is the caller: many systems give each user one, and a umask that lets it write. */
const isShared = ({ mode, gid }: Stats): boolean =>
  (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== process.getegid?.())

const isOurs = ({ uid }: Stats): boolean => uid === 0 || uid === process.geteuid?.()

const foreign = (path: string, why: string): TsboxError =>
  new TsboxError('ERR_TSBOX_STATE', `${JSON.stringify(path)} ${why}: its containers are not believed`, {
    hint: 'What is written there is done with the rights of the caller. Name another --root, or look who made it and remove it.',
    step: path,
  })

/**
 * A state root holds plans and configurations, whose hooks are run: nobody but the caller and root may have written them. In a
 * directory that is everybody's, like /tmp, what others make is theirs and refused by `checkStateDir`.
 *
 * @throws TsboxError ERR_TSBOX_STATE for one that is somebody else's; one that is not there is nobody's
 */
export const checkRoot = (root: string): void => {
  const stat = statSync(root, { throwIfNoEntry: false })
  if (stat === undefined) return
  if (!isOurs(stat)) throw foreign(root, `belongs to user ${stat.uid}`)
  if (isShared(stat) && (stat.mode & STICKY) === 0) throw foreign(root, 'can be written by others')
}

/**
 * Makes a state root where there is none, with the directories above it. The last container that is deleted takes the empty root along,
 * at any moment: mkdir(2) finds it and the look at it does not, which comes out as ENOENT. Then it is made again.
 *
 * @throws TsboxError what `checkRoot` throws; Error when it cannot be made
 */
export const makeRoot = (root: string): void => {
  for (let left = 100; ; left--) {
    try {
      mkdirSync(root, { recursive: true, mode: 0o700 })
      break
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || left === 0) throw error
    }
  }
  checkRoot(root)
}

/**
 * The directory of a container, in its state root.
 *
 * @throws TsboxError ERR_TSBOX_STATE for a link, or a directory that others made or can write
 */
export const checkStateDir = (root: string, stateDir: string): void => {
  checkRoot(root)
  const stat = lstatSync(stateDir, { throwIfNoEntry: false })
  if (stat === undefined) return
  if (!stat.isDirectory()) throw foreign(stateDir, 'is no directory')
  if (!isOurs(stat)) throw foreign(stateDir, `belongs to user ${stat.uid}`)
  if (isShared(stat)) throw foreign(stateDir, 'can be written by others')
}
