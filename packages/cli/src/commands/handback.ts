import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { detectHost } from '@tsbox/cgroups'
import { TsboxError } from '@tsbox/errors'
import { decodePlan, decodeStatus } from '@tsbox/protocol'
import { type Receipt, receiptOf, traceEvents } from '@tsbox/runtime'
import { errorOf, teardownFailures } from '@tsbox/shim'
import { notesOf } from '../report/outcome.ts'
import { printError, printNotes } from '../report/print.ts'
import { tellVerb } from './oci/handback.ts'
import type { Output } from './output-file.ts'

/** What the command line asked to be told after the box, carried through the supervisor. */
export interface Wanted {
  readonly timeout: number
  readonly receipt: Output | undefined
  readonly trace: Output | undefined
  /** The caller's, which files are made with. */
  readonly umask: number
}

/**
 * The supervisor's last act when there is something to tell: it becomes this program again, with the plan at
 * descriptor 3 and what it told at descriptor 4.
 *
 * @returns the exit status
 */
export const handbackCommand = (words: readonly string[]): number => {
  const plan = decodePlan(readWhole(3))
  const { records } = decodeStatus(readWhole(4))
  if (process.env.TSBOX_HANDBACK === 'oci') return tellVerb({ plan, records, words })
  const wanted = JSON.parse(process.env.TSBOX_HANDBACK ?? '{}') as Wanted
  process.umask(wanted.umask)
  const receipt = receiptOf({ plan, records }, detectHost())
  const unwritten = [
    ...write(wanted.receipt, () => `${JSON.stringify(receipt, null, 2)}\n`),
    ...write(wanted.trace, () =>
      JSON.stringify({ traceEvents: traceEvents(plan, records), displayTimeUnit: 'ns' }),
    ),
  ]
  const error = errorOf(plan, records)
  printNotes(notesOf(receipt, { plan, timeout: wanted.timeout }))
  for (const failure of [...teardownFailures(plan, records), ...unwritten]) printError(failure)
  if (error === undefined) return unwritten[0]?.exitStatus ?? statusOf(receipt)
  printError(error)
  return error.exitStatus
}

const statusOf = (receipt: Receipt): number => receipt.exitStatus

/** The box has run: that its receipt cannot be written must not lose what else there is to tell. */
const write = (path: Output | undefined, text: () => string): readonly TsboxError[] => {
  if (path === undefined) return []
  try {
    if (typeof path === 'number') writeSync(path, text())
    else writeAtomically(path, text())
    return []
  } catch (cause) {
    const message = `${JSON.stringify(path)} cannot be written: ${(cause as Error).message}`
    const hint = 'The box ran and is removed; name a file in a directory that takes new files.'
    return [new TsboxError('ERR_TSBOX_USAGE', message, { hint, step: 'handback', cause })]
  }
}

const readWhole = (fd: number): Buffer => {
  const bytes = Buffer.alloc(fstatSync(fd).size)
  let at = 0
  while (at < bytes.length) {
    const n = readSync(fd, bytes, at, bytes.length - at, at)
    if (n === 0) break
    at += n
  }
  closeSync(fd)
  return bytes.subarray(0, at)
}

/** A reader finds all of it or the file that was there; a link placed there is replaced, not followed. */
const writeAtomically = (path: string, text: string): void => {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat !== undefined && (stat.isCharacterDevice() || stat.isFIFO())) {
    writeFileSync(path, text)
    return
  }
  const temporary = `${path}.${process.pid}.tmp`
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  const fd = openSync(temporary, flags, 0o666)
  try {
    writeSync(fd, text)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  } finally {
    closeSync(fd)
  }
}
