import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { answers } from '../../../test/helpers/filter-probe.ts'
import { holds } from '../../../test/helpers/property.ts'
import { compileSeccomp, type SeccompAction } from '../src/index.ts'
import {
  answerTo,
  anyArguments,
  anyConditions,
  filterWith,
  HARMLESS,
  HARMLESS_NUMBER,
  rule,
} from './filters.ts'

// Filters put on for real: what the kernel does with an answer, and that it answers what the interpreter of the tests does.
const NEW_LISTENER = 8

/** What a program sees of each answer when nobody traces it and the listener is closed. */
const SEEN: Readonly<Record<string, string>> = {
  allow: 'ok',
  log: 'ok',
  'kill process': 'signal=31',
  'kill thread': 'thread',
  trap: 'trap=0',
  'errno 1': 'errno=1',
  'errno 95': 'errno=95',
  'errno 0': 'ok',
  'trace 7': 'errno=38',
  notify: 'errno=38',
}

const ACTIONS: readonly SeccompAction[] = [
  { kind: 'killProcess' },
  { kind: 'killThread' },
  { kind: 'trap' },
  { kind: 'errno', value: 0 },
  { kind: 'errno', value: 1 },
  { kind: 'errno', value: 95 },
  { kind: 'trace', value: 7 },
  { kind: 'log' },
  { kind: 'notify' },
]

t.test('the kernel does what each action says', async t => {
  t.same(answers(undefined, [{ nr: HARMLESS_NUMBER }]), ['ok'], 'without a filter it succeeds')
  for (const action of ACTIONS) {
    const { program } = compileSeccomp(filterWith([rule(action, HARMLESS)]))
    const flags = action.kind === 'notify' ? NEW_LISTENER : 0
    const expected = SEEN[answerTo(program)]
    t.same(answers(program, [{ nr: HARMLESS_NUMBER }], { flags }), [expected], JSON.stringify(action))
  }
})

t.test('the kernel and the interpreter agree on any filter and any argument', async t => {
  const property = fc.property(
    fc.array(fc.tuple(fc.constantFrom(...ACTIONS.filter(({ kind }) => kind !== 'notify')), anyConditions), {
      minLength: 1,
      maxLength: 6,
    }),
    fc.array(anyArguments, { minLength: 10, maxLength: 10 }),
    (rules, calls) => {
      const { program } = compileSeccomp(
        filterWith(rules.map(([action, conditions]) => rule(action, HARMLESS, conditions))),
      )
      const seen = answers(
        program,
        calls.map(args => ({ nr: HARMLESS_NUMBER, args })),
      )
      const expected = calls.map(args => SEEN[answerTo(program, ...args)])
      return isDeepStrictEqual(seen, expected)
    },
  )
  holds(t, property, { numRuns: 25, interruptAfterTimeLimit: 60_000 })
})
