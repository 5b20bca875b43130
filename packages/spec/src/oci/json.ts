import { configError, jsonPath } from './config-error.ts'

/** The longest document that is read, in UTF-16 units; what engines write has some ten thousand. */
export const MAX_JSON = 4 * 2 ** 20

/** How deep lists and objects may lie in each other; a configuration needs eight. */
export const MAX_JSON_DEPTH = 64

/** The largest number of 64 bits has 20. */
const MOST_DIGITS = 40

interface Reader {
  readonly text: string
  /** `path[i]` is the member or item that is being read at depth i. */
  readonly path: (string | number)[]
  at: number
}

// A document is read once and cold, where a regular expression costs its compilation: most strings need one, and a small one.
// The range is what a string holds unescaped, RFC 8259, section 7.
const SPECIAL = /[^ !#-[\]-\uffff]/
const ESCAPED = /"[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[ !#-[\]-\uffff]*)*"/y
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y

const QUOTE = 34
const COMMA = 44
const COLON = 58
const LIST_END = 93
const OBJECT_END = 125

/**
 * Reads a JSON document (RFC 8259) more strictly than `JSON.parse`: a key that is there twice, the key `__proto__`, half a
 * surrogate pair, more than MAX_JSON or MAX_JSON_DEPTH are errors. Objects have no prototype. A whole number beyond what a
 * number holds exactly comes back as a bigint; one that is written with a fraction or an exponent stays a number.
 *
 * @throws TsboxError ERR_TSBOX_CONFIG with line, column and the path to the place
 */
export const parseJson = (text: string): unknown => {
  if (text.length > MAX_JSON) {
    throw configError('', `the document is ${text.length} characters long`, `At most ${MAX_JSON} are read.`)
  }
  const reader: Reader = { text, path: [], at: 0 }
  if (!isWellFormed(text)) throw refuse(reader, 0, 'the document holds half a surrogate pair')
  const value = readValue(reader, 0)
  if (!Number.isNaN(skipSpace(reader))) throw refuse(reader, 0, 'something follows the end of the document')
  return value
}

/** Half a surrogate pair has no UTF-8, so that it does not come back from it. */
const isWellFormed = (text: string): boolean => Buffer.from(text).toString() === text

const refuse = (reader: Reader, depth: number, what: string): Error => {
  const before = reader.text.slice(0, reader.at)
  const line = before.split('\n').length
  const column = reader.at - before.lastIndexOf('\n')
  const path = reader.path.slice(0, depth).reduce<string>((outer, key) => jsonPath(outer, key), '')
  return configError(path, `${what} (line ${line}, column ${column})`, 'Correct the JSON at that place.')
}

/** The next character that means something; NaN at the end. */
const skipSpace = (reader: Reader): number => {
  for (;;) {
    const code = reader.text.charCodeAt(reader.at)
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return code
    reader.at++
  }
}

const readValue = (reader: Reader, depth: number): unknown => {
  const code = skipSpace(reader)
  if (code === QUOTE) return readString(reader, depth)
  if (code === 0x7b) return readObject(reader, depth + 1)
  if (code === 0x5b) return readList(reader, depth + 1)
  if ((code >= 48 && code <= 57) || code === 45) return readNumber(reader, depth)
  return readWord(reader, depth)
}

const readObject = (reader: Reader, depth: number): unknown => {
  const object: Record<string, unknown> = Object.create(null)
  enter(reader, depth)
  if (skipSpace(reader) === OBJECT_END) return close(reader, object)
  for (;;) {
    if (skipSpace(reader) !== QUOTE) throw refuse(reader, depth - 1, 'a key in double quotes is missing')
    const key = readString(reader, depth - 1)
    if (key in object) throw refuse(reader, depth - 1, `the key ${JSON.stringify(key)} is there twice`)
    if (key === '__proto__') throw refuse(reader, depth - 1, 'no key may be "__proto__"')
    reader.path[depth - 1] = key
    if (skipSpace(reader) !== COLON) throw refuse(reader, depth, 'a ":" is missing')
    reader.at++
    object[key] = readValue(reader, depth)
    if (endsWith(reader, OBJECT_END, depth)) return object
  }
}

const readList = (reader: Reader, depth: number): unknown => {
  const list: unknown[] = []
  enter(reader, depth)
  if (skipSpace(reader) === LIST_END) return close(reader, list)
  for (;;) {
    reader.path[depth - 1] = list.length
    list.push(readValue(reader, depth))
    if (endsWith(reader, LIST_END, depth)) return list
  }
}

const enter = (reader: Reader, depth: number): void => {
  if (depth > MAX_JSON_DEPTH)
    throw refuse(reader, depth - 1, `this lies deeper than ${MAX_JSON_DEPTH} levels`)
  reader.at++
}

const close = <T>(reader: Reader, value: T): T => {
  reader.at++
  return value
}

/** Behind a member or item: whether the object or list ends here. */
const endsWith = (reader: Reader, end: number, depth: number): boolean => {
  const code = skipSpace(reader)
  if (code === COMMA || code === end) {
    reader.at++
    return code === end
  }
  throw refuse(reader, depth, `a "," or "${String.fromCharCode(end)}" is missing`)
}

const readString = (reader: Reader, depth: number): string => {
  const { text, at } = reader
  const end = text.indexOf('"', at + 1)
  const plain = text.slice(at + 1, end)
  if (end >= 0 && !SPECIAL.test(plain)) {
    reader.at = end + 1
    return plain
  }
  const literal = match(reader, ESCAPED)?.[0]
  if (literal === undefined)
    throw refuse(reader, depth, 'a string is not closed, or has an escape that does not exist')
  const value: string = JSON.parse(literal)
  if (isWellFormed(value)) return value
  throw refuse(reader, depth, 'a string holds half a surrogate pair')
}

const readNumber = (reader: Reader, depth: number): number | bigint => {
  const found = match(reader, NUMBER)
  if (found === null) throw refuse(reader, depth, 'a number is not written as JSON has it')
  const [digits, fraction, exponent] = found
  const value = Number(digits)
  const exact = Number.isSafeInteger(value) || fraction !== undefined || exponent !== undefined
  if (exact) return value
  if (digits.length <= MOST_DIGITS) return BigInt(digits)
  throw refuse(reader, depth, `a number has ${digits.length} digits`)
}

const readWord = (reader: Reader, depth: number): unknown => {
  for (const [word, value] of [
    ['true', true],
    ['false', false],
    ['null', null],
  ] as const) {
    if (!reader.text.startsWith(word, reader.at)) continue
    reader.at += word.length
    return value
  }
  throw refuse(reader, depth, 'a value is missing, or is none that JSON has')
}

const match = (reader: Reader, token: RegExp): RegExpExecArray | null => {
  token.lastIndex = reader.at
  const found = token.exec(reader.text)
  if (found !== null) reader.at = token.lastIndex
  return found
}
