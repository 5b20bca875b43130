import { isTsboxError } from '@tsbox/errors'
import fc from 'fast-check'
import t from 'tap'
import { holds } from '../../../test/helpers/property.ts'
import { describeOptions, type OptionRow, readOptions } from '../src/option.ts'

interface Seen {
  readonly all: [name: string, value: string][]
}

const row = (name: string, more: Partial<OptionRow<Seen>> = {}): OptionRow<Seen> => ({
  name,
  group: 'one',
  help: `help for ${name}`,
  set: (seen, value) => void seen.all.push([name, value]),
  ...more,
})

const TABLE = [
  row('all', { short: 'a' }),
  row('brief', { short: 'b' }),
  row('file', { short: 'f', value: 'FILE', group: 'two' }),
  row('name', { value: 'NAME' }),
]

const read = (...args: string[]) => {
  const seen: Seen = { all: [] }
  return { ...readOptions(args, TABLE, seen), seen: seen.all }
}

t.test('options are read in every usual way of writing them', async t => {
  for (const args of [['--file', 'x'], ['--file=x'], ['-f', 'x'], ['-fx']]) {
    t.strictSame(read(...args).seen, [['file', 'x']], args.join(' '))
  }
  t.strictSame(
    read('-ab').seen,
    [
      ['all', ''],
      ['brief', ''],
    ],
    'switches together',
  )
  t.strictSame(read('-abf', 'x', 'y'), {
    rest: ['y'],
    help: false,
    seen: [
      ['all', ''],
      ['brief', ''],
      ['file', 'x'],
    ],
  })
  t.strictSame(read('-abfx', 'y').rest, ['y'])
})

t.test('a value may look like anything', async t => {
  t.strictSame(read('--name=a=b').seen, [['name', 'a=b']])
  t.strictSame(read('--name', '').seen, [['name', '']])
  t.strictSame(read('--name=').seen, [['name', '']])
  t.strictSame(read('--name=--all').seen, [['name', '--all']])
  t.strictSame(read('--name', '-1').seen, [['name', '-1']])
})

t.test('options end at the first word that is none: the rest is the program’s', async t => {
  t.strictSame(read('-a', 'sh', '-b', '--nothing', '--', 'x'), {
    rest: ['sh', '-b', '--nothing', '--', 'x'],
    help: false,
    seen: [['all', '']],
  })
  t.strictSame(read('-', '-a').rest, ['-', '-a'], 'a lone - is a word')
  t.strictSame(read('').rest, [''], 'and so is nothing')
})

t.test('-- ends the options, once', async t => {
  t.strictSame(read('-a', '--', '-b', '--', 'x'), {
    rest: ['-b', '--', 'x'],
    help: false,
    seen: [['all', '']],
  })
  t.strictSame(read('--').rest, [])
})

t.test('an option that is repeated counts each time, in order', async t => {
  t.strictSame(read('--name', '1', '-f2', '--name=3').seen, [
    ['name', '1'],
    ['file', '2'],
    ['name', '3'],
  ])
})

t.test('asking for help ends the reading', async t => {
  for (const word of ['-h', '--help']) t.match(read('-a', word, '--nothing'), { help: true, rest: [] })
  t.match(read('sh', '--help'), { help: false, rest: ['sh', '--help'] })
})

t.test('an unknown option is refused by its name, with the nearest one as a hint', async t => {
  t.throws(() => read('--fil', 'x'), { code: 'ERR_TSBOX_USAGE', step: '--fil', hint: /--file\?/ })
  t.throws(() => read('--files', 'x'), { code: 'ERR_TSBOX_USAGE', hint: /--file\?/ })
  t.throws(() => read('--zzz'), { code: 'ERR_TSBOX_USAGE', step: '--zzz', hint: /--help/ })
  t.throws(() => read('-z'), { code: 'ERR_TSBOX_USAGE', step: '-z' })
  t.throws(() => read('-az'), { code: 'ERR_TSBOX_USAGE', step: '-z' })
  for (const word of ['__proto__', 'constructor', 'toString', 'no-all']) {
    t.throws(() => read(`--${word}`), { code: 'ERR_TSBOX_USAGE', step: `--${word}` })
    t.throws(() => read(`--${word}=1`), { code: 'ERR_TSBOX_USAGE', step: `--${word}` })
  }
})

t.test('a missing value is refused', async t => {
  for (const args of [['--file'], ['-f'], ['-af']]) {
    t.throws(
      () => read(...args),
      { code: 'ERR_TSBOX_USAGE', message: /needs a value/, hint: /FILE/ },
      args.join(' '),
    )
  }
})

t.test('a value for a switch is refused', async t => {
  for (const value of ['', 'true', 'false', 'x']) {
    t.throws(
      () => read(`--all=${value}`),
      { code: 'ERR_TSBOX_USAGE', step: '--all', message: /no value/ },
      value,
    )
  }
})

t.test(
  'whatever the words are, the program gets the end of them unchanged, or there is a typed error',
  async t => {
    const word = fc.oneof(
      fc.constantFrom('-a', '-b', '-f', '--name', '--', '-', '-ab', '--file=1', '-fx', '--no'),
      fc.string(),
    )
    holds(
      t,
      fc.property(fc.array(word, { maxLength: 8 }), words => {
        try {
          const { rest, help } = read(...words)
          return help || words.slice(words.length - rest.length).every((one, i) => one === rest[i])
        } catch (error) {
          return isTsboxError(error, 'ERR_TSBOX_USAGE')
        }
      }),
      { numRuns: 2000 },
    )
  },
)

t.test('the help has a line for each option, in groups, its texts in one column', async t => {
  t.equal(
    describeOptions(TABLE),
    [
      '  -a, --all        help for all',
      '  -b, --brief      help for brief',
      '      --name NAME  help for name',
      '  -f, --file FILE  help for file',
    ].join('\n'),
  )
})
