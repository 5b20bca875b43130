import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { holds } from '../../../../test/helpers/property.ts'
import { containerId, LONGEST_ID, OCI_STATUSES } from '../../src/index.ts'

t.test('ids that engines give are taken as they are', async t => {
  for (const id of [
    '0123456789abcdef'.repeat(4),
    'a',
    '_x',
    '+1',
    'A.b-c_d+e',
    '1..2',
    'x-',
    'a'.repeat(LONGEST_ID),
  ])
    t.equal(containerId(id), id)
})

t.test('an id that could be a path, an option or hidden is refused (J1)', async t => {
  for (const id of [
    ...[
      '',
      '.',
      '..',
      '../x',
      'a/b',
      '/',
      '-x',
      '--help',
      '.x',
      ' a',
      'a ',
      'a\n',
      'a\0',
      'a\u001b',
      'ä',
      'a:b',
      'a%b',
    ],
    ...['a'.repeat(LONGEST_ID + 1), 'a'.repeat(300)],
  ]) {
    t.throws(
      () => containerId(id),
      { code: 'ERR_TSBOX_USAGE', step: 'id', hint: /./ },
      JSON.stringify(id).slice(0, 20),
    )
  }
})

t.test('an id that comes out is one component of a path', async t => {
  holds(
    t,
    fc.property(fc.string({ unit: fc.constantFrom('a', '.', '/', '-', '_', '+', '\n', '\0', ' ') }), id => {
      try {
        const made = containerId(id)
        return (
          made === id &&
          join('/state', made).startsWith('/state/') &&
          !made.includes('/') &&
          !made.startsWith('-')
        )
      } catch {
        return true
      }
    }),
    { numRuns: 3000 },
  )
})

t.test('the states are those of the specification', async t => {
  const schema = JSON.parse(readFileSync(join(import.meta.dirname, 'schemas/state-schema.json'), 'utf8'))
  t.strictSame(OCI_STATUSES, schema.properties.status.enum)
})
