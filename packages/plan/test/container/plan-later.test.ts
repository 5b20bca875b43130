// `start` and `delete`, which are planned when the container is created.
import { describePlan, encode } from '@tsbox/protocol'
import t from 'tap'
import { planContainer, planDelete, planSignal, planStart } from '../../src/index.ts'
import { asExpected } from '../expected.ts'
import { placesOf, planProblems } from '../plan-checks.ts'
import { FULL, inputOf, LEAST } from './containers.ts'

t.test('the plans of start and delete are known line by line', async t => {
  asExpected(t, 'start-full', describePlan(planStart(inputOf(FULL))))
  asExpected(t, 'delete-full', describePlan(planDelete(inputOf(FULL))))
})

t.test('any of them is a plan the shim takes, and no step needs what is not there yet', async t => {
  const end = { pid: 4321, started: 99n }
  for (const json of [FULL, LEAST])
    for (const direct of [true, false]) {
      t.strictSame(planProblems(planStart({ ...inputOf(json), direct })), [])
      t.strictSame(planProblems(planDelete({ ...inputOf(json), direct })), [])
      t.strictSame(planProblems(planDelete({ ...inputOf(json), direct, forced: true, end })), [])
    }
  const { handback } = inputOf(FULL)
  t.strictSame(planProblems(planSignal({ process: end, signal: 9, handback })), [])
})

t.test('start opens the gate when it has the lock, and poststart runs after that', async t => {
  const { outer } = planStart(inputOf(FULL))
  const [take = -1, knock = -1, hook = -1] = (['take', 'knock', 'spawn'] as const).map(
    name => placesOf(outer, name)[0],
  )
  t.ok(0 <= take && take < knock && knock < hook, `${[take, knock, hook]}`)
})

t.test('what start says of a failed step are the last steps of the plan that init follows', async t => {
  const names = (ops: readonly { readonly op: string }[]) => ops.map(({ op }) => op)
  const { inner } = planContainer(inputOf(FULL))
  const told = names(planStart(inputOf(FULL)).inner)
  t.ok(told.length > 1)
  t.strictSame(names(inner).slice(-told.length), told)
})

t.test(
  'delete looks whether the process has ended before it waits for the lock, and again under it',
  async t => {
    const { outer } = planDelete(inputOf(FULL))
    const [before = -1, under = -1] = placesOf(outer, 'ended')
    const [take = -1] = placesOf(outer, 'take')
    t.ok(0 <= before && before < take && take < under)
    t.strictSame(placesOf(planDelete({ ...inputOf(FULL), forced: true }).outer, 'ended'), [])
  },
)

t.test('the written plans of a container are small enough to be read at once', async t => {
  t.ok(encode(planStart(inputOf(FULL))).length < 65_536)
  t.ok(encode(planDelete(inputOf(FULL))).length < 65_536)
})
