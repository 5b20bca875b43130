import type { TsboxError } from '@tsbox/errors'
import { badField } from '../field.ts'
import type { UnitProperty } from './unit-properties.ts'

const PREFIX = 'org.systemd.property.'

/** The forms of GVariant text that properties of units are written in, and their D-Bus types. */
const FORMS: readonly (readonly [RegExp, string])[] = [
  [/^(true|false)$/, 'b'],
  [/^'([^'\\]*)'$/, 's'],
  [/^"([^"\\]*)"$/, 's'],
  [/^uint64 (\d+)$/, 't'],
  [/^int64 (-?\d+)$/, 'x'],
  [/^uint32 (\d+)$/, 'u'],
  [/^(?:int32 )?(-?\d+)$/, 'i'],
]

const LIST = /^\[\s*('[^'\\]*'(?:\s*,\s*'[^'\\]*')*)\s*\]$/

const refuse = (key: string, why: string): TsboxError =>
  badField(
    `annotations[${JSON.stringify(key)}]`,
    why,
    "write it as GVariant text: true, 'text', uint64 1, ['a', 'b']",
  )

/** A time is a property in microseconds: `TimeoutStopSec` is `TimeoutStopUSec`. */
const inMicroseconds = (name: string, word: string): UnitProperty => ({
  name: name.replace(/Sec$/, 'USec'),
  signature: 't',
  words: [String(BigInt(word) * 1_000_000n)],
})

const propertyOf = (key: string, text: string): UnitProperty => {
  const name = key.slice(PREFIX.length)
  if (!/^[A-Za-z]+$/.test(name)) throw refuse(key, 'this is not the name of a property of units')
  for (const [form, signature] of FORMS) {
    const word = form.exec(text)?.[1]
    if (word === undefined) continue
    if (/[a-z]Sec$/.test(name) && !name.endsWith('USec')) {
      if (/^\d+$/.test(word)) return inMicroseconds(name, word)
      throw refuse(key, `${text} is not a number of seconds`)
    }
    return { name, signature, words: [word] }
  }
  const words = LIST.exec(text)?.[1]?.match(/'[^']*'/g)
  if (words === undefined || words === null) throw refuse(key, `${JSON.stringify(text)} cannot be read`)
  return { name, signature: 'as', words: [String(words.length), ...words.map(word => word.slice(1, -1))] }
}

/**
 * The properties that annotations `org.systemd.property.NAME` ask for, in the way of other runtimes. Pure.
 *
 * @throws TsboxError ERR_TSBOX_SPEC for a value that is not GVariant text of one of the simple types
 */
export const annotatedProperties = (
  annotations: Readonly<Record<string, string>> = {},
): readonly UnitProperty[] =>
  Object.entries(annotations)
    .filter(([key]) => key.startsWith(PREFIX))
    .map(([key, text]) => propertyOf(key, text))
