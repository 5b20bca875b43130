import { isTsboxError } from '@tsbox/errors'
import fc from 'fast-check'
import t from 'tap'
import { holds } from '../../../../test/helpers/property.ts'
import { MAX_JSON, MAX_JSON_DEPTH, parseJson } from '../../src/index.ts'

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

/** As JSON.parse has it. */
const rounded = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value)

const messageOf = (text: string): string => {
  try {
    parseJson(text)
    return ''
  } catch (error) {
    return isTsboxError(error, 'ERR_TSBOX_CONFIG') ? error.message : `another error: ${error}`
  }
}

t.test('what is JSON is read as JSON.parse reads it, however it is spaced', async t => {
  const spaced = fc.tuple(fc.json(), fc.constantFrom(0, 1, 2, '\t', ' \n', '\r\n'))
  holds(
    t,
    fc.property(spaced, ([text, space]) => {
      if (text.includes('__proto__')) return true
      const wanted = JSON.parse(text)
      const read = parseJson(` ${JSON.stringify(wanted, null, space)}\n`)
      return JSON.stringify(read, rounded) === JSON.stringify(wanted)
    }),
    { numRuns: 2000 },
  )
})

t.test('what JSON.parse refuses is refused, and nothing else is thrown', async t => {
  const pieces = fc.constantFrom(
    ...[
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"b"',
      '"\\n"',
      '"\\x"',
      '"\t"',
      '"',
      "'",
      '0',
      '01',
      '-',
      '1.',
      '.5',
      '1e5',
      '+1',
    ],
    ...['true', 'false', 'null', 'nul', 'NaN', ' ', '\u00a0', '\ufeff', '//', '"\\u12"', '"\\ud800"', '\\'],
  )
  const parses = (text: string): boolean => {
    try {
      JSON.parse(text)
      return true
    } catch {
      return false
    }
  }
  holds(
    t,
    fc.property(fc.array(pieces, { maxLength: 8 }), parts => {
      const text = parts.join('')
      const message = messageOf(text)
      if (!parses(text)) return /line \d+, column \d+/.test(message)
      return message === '' || /twice|surrogate/.test(message)
    }),
    { numRuns: 20_000 },
  )
})

t.test('a document cut off anywhere is refused', async t => {
  const text = '{"a":[1,{"b":"c\\n"},true,null],"d":-1.5e3}'
  for (let end = 0; end < text.length; end++)
    t.match(messageOf(text.slice(0, end)), /line 1/, text.slice(0, end))
  t.equal(messageOf(text), '')
})

t.test('whole numbers are exact: beyond what a number holds they are bigints', async t => {
  for (const [text, wanted] of [
    ['9007199254740991', 9007199254740991],
    ['-9007199254740991', -9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['9007199254740993', 9007199254740993n],
    ['9223372036854775807', 9223372036854775807n],
    ['-9223372036854775808', -9223372036854775808n],
    ['18446744073709551615', 18446744073709551615n],
    ['0', 0],
    ['1.0', 1],
    ['1e3', 1000],
    ['1e400', Number.POSITIVE_INFINITY],
    ['9007199254740993.5', 9007199254740994],
  ] as const) {
    t.equal(parseJson(text), wanted, text)
  }
  t.equal(parseJson('9'.repeat(40)), BigInt('9'.repeat(40)))
  t.match(messageOf(`{"a": ${'9'.repeat(41)}}`), /^a: a number has 41 digits/)
})

t.test('a key that is there twice is refused, in whichever way it is written (M4)', async t => {
  t.match(messageOf('{"a": 1, "a": 2}'), /^the key "a" is there twice \(line 1, column 13\)/)
  t.match(messageOf('{"x": [{"a": 1, "\\u0061": 2}]}'), /^x\[0\]: the key "a" is there twice/)
  t.equal(messageOf('[{"a": 1}, {"a": 2}]'), '', 'in two objects it may be')
  t.equal(messageOf('{"a": {"a": 1}}'), '', 'one in the other too')
})

t.test('the key __proto__ is refused, and no object has a prototype (M4)', async t => {
  t.match(messageOf('{"a": {"__proto__": {"privileged": true}}}'), /^a: no key may be "__proto__"/)
  t.match(messageOf('{"\\u005f_proto__": 1}'), /no key may be/)
  t.equal(Object.getPrototypeOf(parseJson('{"a": 1}')), null)
  t.equal(Object.getPrototypeOf((parseJson('[{}]') as unknown[])[0]), null)
  const odd = parseJson('{"constructor": 1, "toString": 2, "hasOwnProperty": 3}')
  t.strictSame(plain(odd), { constructor: 1, toString: 2, hasOwnProperty: 3 })
  t.equal(({} as Record<string, unknown>).privileged, undefined)
})

t.test('an error tells the line, the column and the way there', async t => {
  t.match(
    messageOf('{\n  "linux": {\n    "namespaces": [1, 2 3]\n  }\n}'),
    /^linux\.namespaces\[1\]: .*\(line 3, column 25\)$/,
  )
  t.match(
    messageOf('{"annotations": {"com.example": tru}}'),
    /^annotations\["com\.example"\]: a value is missing/,
  )
  t.match(messageOf(''), /\(line 1, column 1\)$/)
  t.match(messageOf('{"a": {b: 1}}'), /^a: a key in double quotes is missing \(line 1, column 8\)$/)
  t.match(messageOf('{"a" 1}'), /^a: a ":" is missing/)
  t.match(messageOf('[1 2]'), /^\[0\]: a "," or "]" is missing/)
  t.match(messageOf('["a'), /^\[0\]: a string is not closed/)
  t.match(messageOf('[-]'), /^\[0\]: a number is not written/)
  t.match(messageOf('{} {}'), /^something follows the end of the document \(line 1, column 4\)$/)
})

t.test('half a surrogate pair is refused, because the kernel would get something else (M7)', async t => {
  t.match(messageOf('"\\ud800"'), /half a surrogate pair/)
  t.match(messageOf('"\ud800"'), /half a surrogate pair/)
  t.match(messageOf('{"\\udc00x": 1}'), /half a surrogate pair/)
  t.equal(parseJson('"\\ud83d\\ude00"'), '😀')
  t.equal(parseJson('"😀 ä"'), '😀 ä')
})

t.test('a document that is too long or too deep is refused before it is a burden', async t => {
  t.match(messageOf(`"${'a'.repeat(MAX_JSON)}"`), /characters long/)
  t.equal(messageOf(`"${'a'.repeat(MAX_JSON - 2)}"`), '')
  t.equal(messageOf('['.repeat(MAX_JSON_DEPTH) + ']'.repeat(MAX_JSON_DEPTH)), '')
  t.match(messageOf('['.repeat(MAX_JSON_DEPTH + 1) + ']'.repeat(MAX_JSON_DEPTH + 1)), /deeper than 64 levels/)
  t.match(messageOf('{"a":'.repeat(100_000)), /deeper than 64 levels/)
})

t.test('a long string with many escapes is read, and does not take the stack', async t => {
  const long = '\n"\\'.repeat(500_000)
  t.equal(parseJson(JSON.stringify(long)), long)
})
