import { closeSync, constants, lstatSync, openSync, writeSync } from 'node:fs'
import { isTsboxError } from '@tsbox/errors'
import type { Warning } from '@tsbox/runtime'
import { plainJson, printError, printNotes } from './print.ts'

export interface LogOptions {
  readonly log?: string | undefined
  readonly logFormat: string
}

/** One line of text on what went wrong: engines show it to their users, so what to try comes with it. */
export const failureText = (error: unknown): string => {
  if (!isTsboxError(error)) return error instanceof Error ? (error.stack ?? error.message) : String(error)
  return error.hint === undefined ? error.message : `${error.message} (${error.hint})`
}

/** Engines read the last line of this file (runc's form: a level, a message, a time). */
export const logLine = (level: 'error' | 'warning', text: string, { log, logFormat }: LogOptions): void => {
  if (log === undefined) return
  const time = new Date().toISOString()
  const line =
    logFormat === 'json'
      ? JSON.stringify({ level, msg: text, time })
      : `time=${JSON.stringify(time)} level=${level} msg=${JSON.stringify(text)}`
  try {
    append(log, `${plainJson(line)}\n`)
  } catch {
    // Standard error has it too.
  }
}

const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants

/** Of links only root's and ours are followed (/dev/stderr is one): in a directory like /tmp one may wait for us. Nor is a reader waited for. */
const append = (path: string, text: string): void => {
  const owner = lstatSync(path, { throwIfNoEntry: false })
  const isOurs = owner?.isSymbolicLink() === true && [0, process.geteuid?.()].includes(owner.uid)
  const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | (isOurs ? 0 : O_NOFOLLOW), 0o644)
  try {
    writeSync(fd, text)
  } finally {
    closeSync(fd)
  }
}

/** A failure goes to the log, if there is one, and to standard error. */
export const reportFailure = (error: unknown, options: LogOptions): void => {
  logLine('error', failureText(error), options)
  printError(error)
}

/** Warnings go where failures go; without a log the greater ones are for whoever reads standard error. */
export const reportWarnings = (warnings: readonly Warning[], options: LogOptions): void => {
  for (const { text } of warnings) logLine('warning', text, options)
  if (options.log === undefined) printNotes(warnings.filter(({ minor }) => !minor).map(({ text }) => text))
}
