import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { TsboxError } from '@tsbox/errors'

/**
 * Node puts U+FFFD where bytes are not UTF-8, so the box would be given something else than its user was. Which of the
 * two a U+FFFD is, the kernel's own copy of the command line says.
 *
 * @throws TsboxError ERR_TSBOX_USAGE
 */
export const requireUtf8Arguments = (args: readonly string[]): void => {
  if (args.some(arg => arg.includes('\ufffd')) && !isUtf8(readFileSync('/proc/self/cmdline')))
    throw notUtf8('an argument', 'run')
}

/**
 * The same for a variable of the caller's environment, which the kernel has too.
 *
 * @throws TsboxError ERR_TSBOX_USAGE
 */
export const requireUtf8Variable = (name: string, value: string): void => {
  if (!value.includes('\ufffd')) return
  const entries = readFileSync('/proc/self/environ').toString('latin1').split('\0')
  const bytes = entries.find(entry => entry.startsWith(`${Buffer.from(name).toString('latin1')}=`))
  if (bytes !== undefined && !isUtf8(Buffer.from(bytes, 'latin1')))
    throw notUtf8(`the variable ${name}`, '--env')
}

/**
 * The text of a file.
 *
 * @throws TsboxError ERR_TSBOX_USAGE when it is not UTF-8, and what readFileSync throws
 */
export const readUtf8 = (path: string, step: string): string => {
  const bytes = readFileSync(path)
  if (isUtf8(bytes)) return bytes.toString()
  throw notUtf8(JSON.stringify(path), step)
}

const notUtf8 = (what: string, step: string): TsboxError =>
  new TsboxError('ERR_TSBOX_USAGE', `${what} is not valid UTF-8`, {
    hint: 'Let a script or a file in the box hold such bytes.',
    step,
  })
