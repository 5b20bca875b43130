import { closeSync, constants, existsSync, openSync, readdirSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { errnoOf, fileError } from '../file-error.ts'
import { missingFile, peekText } from '../files.ts'
import type { GroupDir } from '../layout.ts'
import type { ReadGroupFile } from '../snapshot.ts'

/** Reads the files of a live group: those of its directory in the hierarchy that is mounted at `mount`. */
export const readerOf =
  (dirs: readonly GroupDir[]): ReadGroupFile =>
  (mount, file) => {
    const dir = dirs.find(one => one.mount === mount)
    return dir === undefined ? undefined : peekText(`${dir.path}/${file}`)
  }

interface Write {
  readonly path: string
  readonly value: string
  /** The field or method this is for. */
  readonly step: string
}

/**
 * One value, one write; never creates the file.
 *
 * @throws TsboxError ERR_TSBOX_CONTROLLER for a file this kernel lacks, ERR_TSBOX_CGROUP for a refused value
 */
export const writeNow = ({ path, value, step }: Write): void => {
  try {
    const file = openSync(path, constants.O_WRONLY)
    try {
      writeSync(file, value)
    } finally {
      closeSync(file)
    }
  } catch (cause) {
    const absent = errnoOf(cause) === 'ENOENT' && existsSync(dirname(path))
    throw absent ? missingFile(step, path, cause) : fileError(cause, { action: 'write', path, value, step })
  }
}

/** The names of the groups directly inside; none when the directory is gone. */
export const childNames = (path: string): readonly string[] => {
  try {
    const entries = readdirSync(path, { withFileTypes: true })
    return entries.filter(entry => entry.isDirectory()).map(entry => entry.name)
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT' || errnoOf(cause) === 'ENODEV') return []
    throw fileError(cause, { action: 'list', path })
  }
}
