import { readFileSync } from 'node:fs'
import { access, constants, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { TsboxError } from '@tsbox/errors'
import { errnoOf, fileError } from './file-error.ts'

/** No file of this kind on this kernel, or no such group any more, or counting is switched off. */
const ABSENT: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENODEV', 'EOPNOTSUPP'])

/** The file's text, or undefined when it is absent. */
export const readText = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'latin1')
  } catch (cause) {
    if (ABSENT.has(errnoOf(cause))) return undefined
    throw fileError(cause, { action: 'read', path })
  }
}

/** `readText` at once, and undefined for any failure: for counters that are looked at often. */
export const peekText = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}

/** One value, one write. Never creates the file: on a cgroup file system that turns "absent" into "not allowed". */
export const writeValue = async (path: string, value: string, step?: string): Promise<void> => {
  try {
    await writeFile(path, value, { flag: constants.O_WRONLY })
  } catch (cause) {
    throw fileError(cause, { action: 'write', path, value, step })
  }
}

export const exists = async (path: string): Promise<boolean> => {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}

/** Makes a group's directory. 'taken' when it is there already, 'orphan' when the one above it is not. */
export const makeGroupDir = async (path: string): Promise<'made' | 'taken' | 'orphan'> => {
  try {
    await mkdir(path, 0o755)
    return 'made'
  } catch (cause) {
    const errno = errnoOf(cause)
    if (errno === 'EEXIST') return 'taken'
    // ENODEV: the directory above was being removed at that moment.
    if (errno === 'ENOENT' || errno === 'ENODEV') return 'orphan'
    throw fileError(cause, { action: 'make', path })
  }
}

/** Removes a group's directory. 'busy' while processes or groups are inside. */
export const removeGroupDir = async (path: string): Promise<'gone' | 'busy'> => {
  try {
    await rmdir(path)
    return 'gone'
  } catch (cause) {
    const errno = errnoOf(cause)
    if (errno === 'ENOENT' || errno === 'ENODEV') return 'gone'
    if (errno === 'EBUSY' || errno === 'ENOTEMPTY') return 'busy'
    throw fileError(cause, { action: 'remove', path })
  }
}

/** The paths of the groups directly inside; none when the directory itself is gone. */
export const childGroups = async (path: string): Promise<readonly string[]> => {
  try {
    const entries = await readdir(path, { withFileTypes: true })
    return entries.filter(entry => entry.isDirectory()).map(entry => `${path}/${entry.name}`)
  } catch (cause) {
    if (ABSENT.has(errnoOf(cause))) return []
    throw fileError(cause, { action: 'list', path })
  }
}

/** A file this kernel does not have, although it has the controller. */
export const missingFile = (knob: string, path: string, cause: unknown): TsboxError => {
  const file = path.slice(path.lastIndexOf('/') + 1)
  return new TsboxError('ERR_TSBOX_CONTROLLER', `${knob} needs ${file}, which this kernel does not have`, {
    hint: `leave out ${knob}, or use a kernel built and started with it`,
    step: knob,
    cause,
  })
}

/** No hierarchy has a group at this path. */
export const noGroup = (path: string): TsboxError =>
  new TsboxError('ERR_TSBOX_CGROUP', `there is no group ${path}`, {
    hint: 'make it first, as with Cgroup.create()',
    step: 'path',
  })
