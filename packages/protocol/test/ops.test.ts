import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { allOps, OPS, type OpRow, type Plan } from '../src/index.ts'

/** Every number ever given away, with its name; a line is never changed, and new ones go to the end. */
const given = readFileSync(join(import.meta.dirname, '../../../test/vectors/op-codes.txt'), 'utf8')
  .trimEnd()
  .split('\n')
  .map(line => line.split(' ') as [string, string])

const rows: [string, OpRow][] = Object.entries(OPS)

t.test('no two operations have one number', async t => {
  t.equal(new Set(rows.map(([, { code }]) => code)).size, rows.length)
})

t.test('a number once given to an operation is never given to another', async t => {
  t.same(
    given.map(([code]) => Number(code)),
    given.map((_, i) => i + 1),
    'the list has every number once, in order',
  )
  for (const [code, name] of given) {
    const holder = rows.find(([, row]) => row.code === Number(code))
    t.equal(holder?.[0] ?? name, name, `${code} is ${name}, or retired`)
  }
})

t.test('every operation is in the list of numbers given away', async t => {
  for (const [name, { code }] of rows)
    t.ok(
      given.some(([number, owner]) => Number(number) === code && owner === name),
      `${name} is ${code}: add "${code} ${name}" to test/vectors/op-codes.txt`,
    )
})

t.test('every operation says what it does, where it may stand, and names its fields once', async t => {
  for (const [name, { chapters, summary, fields }] of rows) {
    t.match(summary, /^[A-Z].*\.$/s, name)
    t.match(chapters, /^O?I?T?$/, name)
    t.not(chapters, '', name)
    t.equal(new Set(fields.map(([field]) => field)).size, fields.length, name)
  }
})

t.test("an error's index counts through the chapters in order", async t => {
  const plan: Plan = {
    outer: [{ op: 'await', tag: 1 }],
    inner: [{ op: 'await', tag: 2 }],
    teardown: [{ op: 'await', tag: 3 }],
  }
  t.same(
    allOps(plan).map(op => 'tag' in op && op.tag),
    [1, 2, 3],
  )
})
