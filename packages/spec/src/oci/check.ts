import type { Int64 } from '@tsbox/cgroups'
import { configError, jsonPath } from './config-error.ts'

/**
 * Reads the value that stands at a path of the document, and throws ERR_TSBOX_CONFIG naming the path when it cannot be
 * that. An `undefined` that comes out stands for a field that is not there.
 */
export type Check<T> = (value: unknown, path: string) => T

/** A value for a message: short, and on one line whatever is in it. */
export const shown = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

export const boolean: Check<boolean> = (value, path) => {
  if (typeof value === 'boolean') return value
  throw configError(path, `${shown(value)} is not a boolean`, 'Write true or false, without quotes.')
}

/** Any text at all: for what never reaches the kernel. */
export const anyText: Check<string> = (value, path) => {
  if (typeof value === 'string') return value
  throw configError(path, `${shown(value)} is not a string`, 'Write text in double quotes.')
}

/** Text that becomes a C string, which a NUL byte would cut off. */
export const text: Check<string> = (value, path) => {
  const read = anyText(value, path)
  if (!read.includes('\0')) return read
  throw configError(path, `${shown(read)} has a NUL byte in it`, 'Leave out the \\u0000.')
}

/** Text for a file of the kernel or a name in it: no control characters, at most `most` bytes. */
export const plainText =
  (most: number): Check<string> =>
  (value, path) => {
    const read = text(value, path)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
    const control = /[\u0000-\u001f\u007f]/.test(read)
    if (!control && Buffer.byteLength(read) <= most) return read
    const what = control ? 'has a control character in it' : `is longer than ${most} bytes`
    throw configError(path, `${shown(read)} ${what}`, `Give at most ${most} bytes of plain text.`)
  }

/** For a string that means nothing when it is empty, as engines write it. */
export const unlessEmpty =
  <T>(check: Check<T>): Check<T | undefined> =>
  (value, path) =>
    value === '' ? undefined : check(value, path)

/** A whole number from `least` to `most`, both of which a number holds exactly. */
export const whole =
  (least: number, most: number): Check<number> =>
  (value, path) =>
    Number(within({ value, path, least, most }))

/** A whole number of up to 64 bits; a bigint comes out only where a number would not be exact. */
export const whole64 =
  (least: bigint, most: bigint): Check<Int64> =>
  (value, path) =>
    within({ value, path, least, most })

export const int64 = whole64(-(2n ** 63n), 2n ** 63n - 1n)
export const uint64 = whole64(0n, 2n ** 64n - 1n)
export const uint32 = whole(0, 2 ** 32 - 1)
export const uint16 = whole(0, 2 ** 16 - 1)

/** A user or group: 4294967295 is -1, which to the kernel is "leave it as it is" (setresuid(2)). */
export const id = whole(0, 2 ** 32 - 2)

interface Within {
  readonly value: unknown
  readonly path: string
  readonly least: Int64
  readonly most: Int64
}

const within = ({ value, path, least, most }: Within): Int64 => {
  const hint = `Give a whole number from ${least} to ${most}.`
  if (typeof value !== 'number' && typeof value !== 'bigint')
    throw configError(path, `${shown(value)} is not a number`, hint)
  if (typeof value === 'number' && !Number.isInteger(value))
    throw configError(path, `${value} is not a whole number`, hint)
  if (typeof value === 'number' && !Number.isSafeInteger(value))
    throw configError(path, `${value} is not exact`, `${hint} Write out all its digits.`)
  if (value < least || value > most) throw configError(path, `${value} is out of range`, hint)
  // -0 is a number of JSON, and not worth keeping.
  return value === 0 ? 0 : value
}

/** One of a few words. */
export const oneOf = <const T extends string>(words: readonly T[]): Check<T> => {
  const known: ReadonlySet<unknown> = new Set(words)
  return (value, path) => {
    if (known.has(value)) return value as T
    throw configError(path, `${shown(value)} is not known`, `Give one of ${words.join(', ')}.`)
  }
}

export const list =
  <T>(item: Check<T>): Check<readonly T[]> =>
  (value, path) => {
    if (Array.isArray(value)) return value.map((each, i) => item(each, jsonPath(path, i)))
    throw configError(path, `${shown(value)} is not a list`, 'Write the values in square brackets.')
  }

const isText = (value: unknown): boolean => typeof value === 'string' && !value.includes('\0')

/** A list of `text`: the everyday list, which is as good as it is when nothing is wrong with it. */
export const texts: Check<readonly string[]> = (value, path) =>
  Array.isArray(value) && value.every(isText) ? value : list(text)(value, path)
