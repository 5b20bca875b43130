import { isTsboxError, type TsboxError } from '@tsbox/errors'
import fc from 'fast-check'
import t from 'tap'
import { parseSize, parseSizeOrMax } from '../src/index.ts'
import { sizeAt } from '../src/size.ts'

const refused = (run: () => unknown): TsboxError | undefined => {
  try {
    run()
  } catch (error) {
    if (isTsboxError(error, 'ERR_TSBOX_SIZE')) return error
    throw error
  }
  return undefined
}

t.test('every suffix is a power of 1024, in either case, with or without the i', async t => {
  for (const [text, bytes] of [
    ['64Mi', 67_108_864],
    ['64M', 67_108_864],
    ['64m', 67_108_864],
    ['64MiB', 67_108_864],
    ['64mb', 67_108_864],
    ['1.5G', 1_610_612_736],
    ['512k', 524_288],
    ['512Ki', 524_288],
    ['2Ti', 2_199_023_255_552],
    ['1t', 1_099_511_627_776],
    ['0.5K', 512],
    ['0.3k', 307],
    ['123', 123],
    ['7b', 7],
    ['0', 0],
    [4096, 4096],
    [0, 0],
  ] as const) {
    t.equal(parseSize(text), bytes, String(text))
  }
})

t.test('what is no size is refused with the known forms', async t => {
  for (const value of [
    '',
    ' 1',
    '1 M',
    '-1',
    '1.5',
    '1e3',
    '0x10',
    'max',
    '1Pi',
    'Mi',
    '1..5M',
    '1,5M',
    '١',
  ]) {
    const error = refused(() => parseSize(value))
    t.match(error?.hint, /64Mi/, JSON.stringify(value))
  }
  for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, 1.5, 2 ** 53]) {
    t.ok(
      refused(() => parseSize(value)),
      String(value),
    )
  }
  for (const value of [null, undefined, {}, [], true, 1n]) {
    if (typeof value === 'bigint') continue
    t.ok(
      refused(() => sizeAt(value, 'memory.max')),
      String(value),
    )
  }
  t.ok(
    refused(() => parseSize('9007199254740992')),
    'above 2^53 - 1',
  )
  t.ok(
    refused(() => parseSize('8192Ti')),
    'above 2^53 - 1 after the suffix',
  )
})

t.test('a field names itself in the error', async t => {
  const error = refused(() => sizeAt('lots', 'memory.max'))
  t.match(error, { step: 'memory.max', message: /^memory\.max: "lots"/ })
})

t.test("'max' is let through only where asked for", async t => {
  t.equal(parseSizeOrMax('max'), 'max')
  t.equal(parseSizeOrMax('1k'), 1024)
  t.ok(refused(() => parseSize('max')))
})

t.test('any number of bytes reads back, and any suffix multiplies', async t => {
  fc.assert(
    fc.property(fc.maxSafeNat(), bytes => parseSize(bytes) === bytes && parseSize(String(bytes)) === bytes),
  )
  const suffix = fc.constantFrom(['k', 1], ['M', 2], ['gi', 3], ['TiB', 4]) as fc.Arbitrary<[string, number]>
  fc.assert(
    fc.property(
      fc.nat(8191),
      suffix,
      (whole, [text, power]) => parseSize(`${whole}${text}`) === whole * 1024 ** power,
    ),
  )
  t.pass('held')
})

t.test('no text at all makes anything but a safe whole number or a typed error', async t => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\d.kKmMgGtTiIbBx+-]{0,12}$/)), text => {
      if (refused(() => parseSize(text)) !== undefined) return true
      const bytes = parseSize(text)
      return Number.isSafeInteger(bytes) && bytes >= 0
    }),
    { numRuns: 2000 },
  )
  t.pass('held')
})
