import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ERROR_CODES } from '../src/index.ts'

const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'errors.md'), 'utf8')

/** code → exit status and summary, as the page tells them. */
const documented = new Map(
  [...page.matchAll(/^\| `(\w+)` \| (\d+) \| (.+) \|$/gm)].map(([, code, exit, summary]) => [
    code!,
    { exit: Number(exit), summary },
  ]),
)

t.test('every error code is explained on the page of errors, with its exit status', async t => {
  for (const [code, { exit, summary }] of Object.entries(ERROR_CODES)) {
    t.same(documented.get(code), { exit, summary }, code)
  }
})

t.test('the page of errors explains no code that does not exist', async t => {
  t.same([...documented.keys()], Object.keys(ERROR_CODES))
})

t.test('the statuses 126 and 127 mean what they mean to a shell, and nothing else has them', async t => {
  const by = (exit: number) =>
    Object.entries(ERROR_CODES).flatMap(([code, row]) => (row.exit === exit ? [code] : []))
  t.same(by(126), ['ERR_TSBOX_NOT_EXECUTABLE'])
  t.same(by(127), ['ERR_TSBOX_NOT_FOUND'])
})

t.test('a summary says one thing only: no two codes share one', async t => {
  const summaries = Object.values(ERROR_CODES).map(({ summary }) => summary)
  t.equal(new Set(summaries).size, summaries.length)
})
