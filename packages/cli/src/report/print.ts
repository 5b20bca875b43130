import { writeSync } from 'node:fs'
import { isTsboxError, TsboxError } from '@tsbox/errors'

/** Errors and notes go to standard error, one to three lines each; this folder is the only one that prints. */
export const printError = (error: unknown): void => {
  if (!isTsboxError(error)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    put(2, `tsbox: ${text.split('\n').map(plain).join('\n')}\n`)
    return
  }
  const hint = error.hint === undefined ? '' : `  ${plain(error.hint)}\n`
  put(2, `tsbox: ${plain(error.message)} [${error.code}]\n${hint}`)
}

export const printNotes = (notes: readonly string[]): void => {
  for (const note of notes) put(2, `tsbox: ${plain(note)}\n`)
}

export const printText = (text: string): void => put(1, text)

/** Names and paths may come from a hostile root: what would drive the terminal, or begin a line of its own, is shown, not sent (CVE-2023-28101). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced here
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

export const plain = (text: string): string =>
  text.replace(CONTROL, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** The same for JSON, which stays the same value: in its texts only, as every reader of JSON takes them. */
export const plainJson = (json: string): string =>
  json.replace(CONTROL, unit => (unit === '\n' ? unit : plain(unit)))

/** Synchronous, because the process may be replaced or end right after; a closed pipe is no reason to fail. */
const put = (fd: 1 | 2, text: string): void => {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EPIPE') return
      if (code !== 'EAGAIN') {
        if (fd === 2) return
        throw new TsboxError(
          'ERR_TSBOX_USAGE',
          `standard output cannot be written: ${(error as Error).message}`,
          {
            cause: error,
          },
        )
      }
      // Whoever shares this pipe made it non-blocking, and its reader is slow.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}
