import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface Asserts {
  equal(found: string, wanted: string, message: string): unknown
}

/** Compares a text with the file of that name in `expected/`; with UPDATE=1 in the environment, writes the file. */
export const asExpected = (t: Asserts, name: string, text: string): void => {
  const file = join(import.meta.dirname, 'expected', `${name}.txt`)
  if (process.env.UPDATE === '1') writeFileSync(file, `${text}\n`)
  t.equal(`${text}\n`, readFileSync(file, 'utf8'), `expected/${name}.txt (UPDATE=1 writes it)`)
}
