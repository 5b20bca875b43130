import fc from 'fast-check'
import t from 'tap'
import { AUDIT_ARCH, verdict } from '../../../test/helpers/bpf.ts'
import { holds } from '../../../test/helpers/property.ts'
import { decideCalls } from '../src/bpf-calls.ts'
import { actionWord } from '../src/seccomp-constants.ts'
import { anyArguments, anyConditions, isMet } from './filters.ts'

/** Answers 'trap' to everything, so that what goes on into the filter is seen. */
const FILTER = Buffer.from('0600000000000300', 'hex')
const EPERM = actionWord({ kind: 'errno', value: 1 })
const ALLOW = actionWord({ kind: 'allow' })
const { x86_64, aarch64, i386 } = AUDIT_ARCH

t.test('a call is found by its number on each architecture, and others go on', async t => {
  const program = Buffer.concat([
    decideCalls(
      [
        { numbers: [{ auditArch: x86_64, nr: 41 }], rules: [] },
        {
          numbers: [
            { auditArch: x86_64, nr: 16 },
            { auditArch: aarch64, nr: 29 },
          ],
          rules: [{ word: ALLOW, conditions: [{ index: 1, operator: 'eq', value: 5n }] }],
        },
      ],
      EPERM,
    ),
    FILTER,
  ])
  const at = (arch: number, nr: number, ...args: bigint[]) => verdict(program, { arch, nr, args })
  t.equal(at(x86_64, 41), 'errno 1', 'without rules it gets the usual answer')
  t.equal(at(x86_64, 16, 0n, 5n), 'allow')
  t.equal(at(aarch64, 29, 0n, 5n), 'allow')
  t.equal(at(aarch64, 29, 5n), 'errno 1')
  for (const [arch, nr] of [
    [x86_64, 29],
    [aarch64, 16],
    [aarch64, 41],
    [i386, 16],
  ] as const)
    t.equal(at(arch, nr, 0n, 5n), 'trap', `${arch} ${nr}`)
  t.equal(decideCalls([], EPERM).length, 0)
})

t.test('the first rule that holds decides, whatever the rules and arguments are', async t => {
  const rules = fc.array(fc.tuple(fc.integer({ min: 2, max: 9 }), anyConditions), { maxLength: 8 })
  const property = fc.property(rules, fc.array(anyArguments, { maxLength: 8 }), (some, calls) => {
    const program = Buffer.concat([
      decideCalls(
        [
          { numbers: [{ auditArch: x86_64, nr: 7 }], rules: [] },
          {
            numbers: [{ auditArch: x86_64, nr: 16 }],
            rules: some.map(([value, conditions]) => ({
              word: actionWord({ kind: 'errno', value }),
              conditions,
            })),
          },
        ],
        EPERM,
      ),
      FILTER,
    ])
    return calls.every(args => {
      const met = some.find(([, conditions]) => conditions.every(one => isMet(one, args[one.index] ?? 0n)))
      return verdict(program, { arch: x86_64, nr: 16, args }) === `errno ${met?.[0] ?? 1}`
    })
  })
  holds(t, property, { numRuns: 2000 })
})
