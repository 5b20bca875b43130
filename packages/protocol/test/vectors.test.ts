import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { VECTORS } from '../../../test/vectors/plans.ts'
import { allOps, decodePlan, describePlan, encode, OPS } from '../src/index.ts'

const DIR = join(import.meta.dirname, '../../../test/vectors')

for (const [name, { plan, flags }] of Object.entries(VECTORS)) {
  t.test(`the golden plan "${name}" has its bytes and its description`, async t => {
    const bytes = readFileSync(join(DIR, `${name}.bin`))
    t.ok(encode(plan, flags).equals(bytes), 'encoding makes these bytes')
    t.ok(encode(decodePlan(bytes), flags).equals(bytes), 'decoding loses nothing')
    t.equal(`${describePlan(decodePlan(bytes))}\n`, readFileSync(join(DIR, `${name}.txt`), 'utf8'))
  })
}

const LETTERS = { outer: 'O', inner: 'I', teardown: 'T' } as const

t.test('every operation is in a golden plan, in every chapter it may stand in', async t => {
  const present = new Set(
    Object.values(VECTORS).flatMap(({ plan }) =>
      (['outer', 'inner', 'teardown'] as const).flatMap(chapter =>
        plan[chapter].map(({ op }) => `${LETTERS[chapter]} ${op}`),
      ),
    ),
  )
  const wanted = Object.entries(OPS).flatMap(([name, { chapters }]) =>
    [...chapters].map(letter => `${letter} ${name}`),
  )
  t.same(
    wanted.filter(place => !present.has(place)),
    [],
  )
  t.equal(new Set(allOps(VECTORS['every-op']!.plan).map(({ op }) => op)).size, Object.keys(OPS).length)
})

t.test('no golden file is without its plan', async t => {
  const names = readdirSync(DIR).filter(file => file.endsWith('.bin'))
  t.same(
    names.sort(),
    Object.keys(VECTORS)
      .map(name => `${name}.bin`)
      .sort(),
  )
})
