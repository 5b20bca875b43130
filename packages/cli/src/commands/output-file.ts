import { accessSync, constants, lstatSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { TsboxError } from '@tsbox/errors'
import { hostPath } from './run-values.ts'

/** Where something is written once the box has ended: a file, or one of the caller's standard streams. */
export type Output = string | 1 | 2

/** Standard streams are the only descriptors that outlive the box's start. */
const STREAMS: Readonly<Record<string, Output>> = {
  '-': 1,
  '/dev/stdout': 1,
  '/dev/fd/1': 1,
  '/proc/self/fd/1': 1,
  '/dev/stderr': 2,
  '/dev/fd/2': 2,
  '/proc/self/fd/2': 2,
}

/** What the kernel makes: a file of ours in there would be a mistake, and one of its links must not be replaced. */
const KERNELS = /^\/(dev|proc|sys)(\/|$)/

/**
 * Whether and where an output can be written; asked before the box runs, not when its receipt has nowhere to go.
 *
 * @throws TsboxError ERR_TSBOX_USAGE
 */
export const outputFile = (path: string | undefined, option: string): Output | undefined => {
  if (path === undefined) return undefined
  const stream = STREAMS[path]
  if (stream !== undefined) return stream
  const full = hostPath(path, option)
  try {
    if (!statSync(dirname(full)).isDirectory()) throw new Error(`${dirname(full)} is not a directory`)
    accessSync(dirname(full), constants.W_OK)
    const found = statSync(full, { throwIfNoEntry: false })
    if (found?.isDirectory()) throw new Error('it is a directory')
    const place = realpathSync(dirname(full))
    if (KERNELS.test(`${place}/`) && !isDevice(full) && !place.startsWith('/dev/shm'))
      throw new Error(`${place} holds no files of programs, and only descriptors 1 and 2 are kept`)
  } catch (cause) {
    throw new TsboxError(
      'ERR_TSBOX_USAGE',
      `${JSON.stringify(path)} cannot be written: ${(cause as Error).message}`,
      { hint: 'Name a file in a directory that exists, or - for standard output.', step: 'run', cause },
    )
  }
  return full
}

const isDevice = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isCharacterDevice() ?? false
