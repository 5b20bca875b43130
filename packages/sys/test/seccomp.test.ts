import { isTsboxError } from '@tsbox/errors'
import fc from 'fast-check'
import t from 'tap'
import { AUDIT_ARCH, verdict, X32 } from '../../../test/helpers/bpf.ts'
import { holds } from '../../../test/helpers/property.ts'
import { callNumber, callNumbers } from '../../../test/helpers/syscall-numbers.ts'
import { compileSeccomp, type SeccompOperator, seccompVersion } from '../src/index.ts'
import { addRules, exported, withFilter } from '../src/seccomp-filter.ts'
import {
  answerTo,
  anyArguments,
  anyConditions,
  filterWith,
  HARMLESS,
  isMet,
  OWN_ARCH,
  rule,
} from './filters.ts'

const EPERM = { kind: 'errno', value: 1 } as const
const ALLOW = { kind: 'allow' } as const
const compile = (...args: Parameters<typeof filterWith>) => compileSeccomp(filterWith(...args)).program

t.test('every action is answered as it was asked for', async t => {
  for (const [action, answer] of [
    [{ kind: 'killProcess' }, 'kill process'],
    [{ kind: 'killThread' }, 'kill thread'],
    [{ kind: 'trap' }, 'trap'],
    [{ kind: 'errno', value: 0 }, 'errno 0'],
    [{ kind: 'errno', value: 4094 }, 'errno 4094'],
    [{ kind: 'trace', value: 65_535 }, 'trace 65535'],
    [{ kind: 'log' }, 'log'],
    [{ kind: 'notify' }, 'notify'],
  ] as const) {
    t.equal(answerTo(compile([rule(action, HARMLESS)])), answer)
    if (action.kind === 'notify') continue
    t.equal(answerTo(compile([], { defaultAction: action })), answer, 'as the default')
    t.equal(answerTo(compile([rule(ALLOW, HARMLESS)], { defaultAction: action })), 'allow')
  }
})

t.test('every operator compares all 64 bits, unsigned', async t => {
  const edges = [0n, 1n, 5n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 32n + 5n, 2n ** 63n, 2n ** 64n - 1n]
  for (const operator of ['ne', 'lt', 'le', 'eq', 'ge', 'gt', 'maskedEq'] satisfies SeccompOperator[]) {
    for (const value of edges) {
      const condition = { index: 3, operator, value, masked: 5n }
      const program = compile([rule(EPERM, HARMLESS, [condition])])
      const wrong = edges.filter(arg => {
        const expected = isMet(condition, arg) ? 'errno 1' : 'allow'
        return answerTo(program, 0n, 0n, 0n, arg) !== expected
      })
      t.same(wrong, [], `${operator} ${value}`)
    }
  }
})

t.test('conditions on different arguments all have to hold; rules add up', async t => {
  const program = compile([
    rule(EPERM, HARMLESS, [
      { index: 0, operator: 'eq', value: 1n },
      { index: 5, operator: 'gt', value: 9n },
    ]),
    rule(EPERM, HARMLESS, [{ index: 0, operator: 'eq', value: 7n }]),
  ])
  t.equal(answerTo(program, 1n, 0n, 0n, 0n, 0n, 10n), 'errno 1')
  t.equal(answerTo(program, 1n, 0n, 0n, 0n, 0n, 9n), 'allow')
  t.equal(answerTo(program, 2n, 0n, 0n, 0n, 0n, 10n), 'allow')
  t.equal(answerTo(program, 7n), 'errno 1')
})

t.test('any number of rules for a call mean what they say: the first that holds decides', async t => {
  const rules = fc.array(fc.tuple(fc.integer({ min: 2, max: 9 }), anyConditions), {
    minLength: 1,
    maxLength: 5,
  })
  const property = fc.property(
    rules,
    fc.array(anyArguments, { minLength: 8, maxLength: 8 }),
    (some, calls) => {
      const told = some.map(([value, conditions]) => rule({ kind: 'errno', value }, HARMLESS, conditions))
      const program = compile(told)
      return calls.every(call => {
        const met = some.find(([, conditions]) => conditions.every(one => isMet(one, call[one.index] ?? 0n)))
        return answerTo(program, ...call) === (met === undefined ? 'allow' : `errno ${met[0]}`)
      })
    },
  )
  holds(t, property)
})

t.test('rules that libseccomp alone merges into a wrong filter are compiled right', async t => {
  const le = (value: bigint) => rule(EPERM, HARMLESS, [{ index: 0, operator: 'le', value }])
  const rules = [le(0xcadb_4abc_b9bd_10e1n), le(0x3604_f9ad_e406_cacan)]
  const arg = 0x3604_f9ad_e406_cacbn
  t.equal(answerTo(compile(rules), arg), 'errno 1', 'it is below the first')
  const alone = withFilter(filterWith(rules), filter => {
    addRules(filter, rules, new Map([[HARMLESS, filter.lib.seccomp_syscall_resolve_name(HARMLESS)]]))
    return exported(filter)
  })
  t.comment(`libseccomp ${seccompVersion()} alone: ${answerTo(alone, arg)}`)
})

t.test('of two rules with the same conditions the first decides, on each architecture', async t => {
  const some = [{ index: 0, operator: 'eq', value: 1n } as const]
  const rules = [rule(EPERM, HARMLESS, some), rule({ kind: 'errno', value: 2 }, HARMLESS, some)]
  for (const architectures of [[], ['x86'], ['aarch64', 'x86_64']]) {
    t.equal(answerTo(compile(rules, { architectures }), 1n), 'errno 1')
  }
})

t.test('a rule without conditions decides for its call alone', async t => {
  const some = [{ index: 0, operator: 'eq', value: 1n } as const]
  const program = compile([
    rule({ kind: 'errno', value: 2 }, HARMLESS, some),
    rule(EPERM, HARMLESS),
    rule({ kind: 'errno', value: 3 }, HARMLESS),
  ])
  t.same([answerTo(program, 1n), answerTo(program, 0n)], ['errno 1', 'errno 1'])
})

t.test('a long list, compiled to a tree, answers what a short one does', async t => {
  const numbers = callNumbers(process.arch === 'arm64' ? 'aarch64' : 'x86_64')
  const names = [...numbers.keys()]
  const property = fc.property(fc.shuffledSubarray(names, { minLength: 33, maxLength: 200 }), some => {
    const { program, skipped } = compileSeccomp(
      filterWith(
        some.map(name => rule(ALLOW, name)),
        { defaultAction: EPERM },
      ),
    )
    return names.every(name => {
      const expected = some.includes(name) && !skipped.includes(name) ? 'allow' : 'errno 1'
      return verdict(program, { arch: OWN_ARCH, nr: numbers.get(name) ?? 0 }) === expected
    })
  })
  holds(t, property, { numRuns: 30 })
})

t.test('a name libseccomp does not know is skipped and told', async t => {
  const { program, skipped } = compileSeccomp(
    filterWith([rule(EPERM, 'no_such_call'), rule(EPERM, HARMLESS), rule(ALLOW, 'no_such_call')]),
  )
  t.same(skipped, ['no_such_call'])
  t.equal(answerTo(program), 'errno 1')
})

t.test('a rule that says what the default says is left out, also when nothing else is there', async t => {
  const same = Array.from({ length: 40 }, () => rule(EPERM, HARMLESS))
  t.equal(answerTo(compile(same, { defaultAction: EPERM })), 'errno 1')
  t.equal(
    answerTo(compile([rule({ kind: 'errno', value: 2 }, HARMLESS)], { defaultAction: EPERM })),
    'errno 2',
  )
})

t.test('one architecture is let in, others get the foreign action', async t => {
  const own = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
  const foreign = process.arch === 'arm64' ? AUDIT_ARCH.arm : AUDIT_ARCH.i386
  const at = (kind: 'killProcess' | 'killThread', architectures: string[]) =>
    verdict(compile([], { architectures, foreignAction: { kind } }), { arch: foreign, nr: 20 })
  t.equal(at('killProcess', [own]), 'kill process')
  t.equal(at('killThread', []), 'kill thread')
  t.equal(at('killProcess', [own, process.arch === 'arm64' ? 'arm' : 'x86']), 'allow', 'when listed it is in')
})

t.test('calls behind a call of 32-bit x86 keep the rules libseccomp makes for them', async t => {
  const family = (value: bigint) => rule(EPERM, 'socket', [{ index: 0, operator: 'eq', value }])
  const program = compile([family(38n), family(40n)], { architectures: ['x86_64', 'x86'] })
  const at = (name: string, ...args: bigint[]) =>
    verdict(program, { arch: AUDIT_ARCH.i386, nr: callNumber('i386', name), args })
  t.same([at('socket', 38n), at('socket', 40n), at('socket', 2n)], ['errno 1', 'errno 1', 'allow'])
  t.equal(at('socketcall', 1n), 'errno 1', 'its arguments cannot be seen, so any socket is refused')
  t.equal(at('socketcall', 3n), 'allow', 'but not connect')
})

t.test('x32 is an architecture of its own', async t => {
  const program = compile([rule(EPERM, 'mkdir')], { architectures: ['x86_64'] })
  const nr = callNumber('x86_64', 'mkdir')
  t.equal(verdict(program, { arch: AUDIT_ARCH.x86_64, nr }), 'errno 1')
  t.equal(verdict(program, { arch: AUDIT_ARCH.x86_64, nr: nr + X32 }), 'kill process')
  const both = compile([rule(EPERM, 'mkdir')], { architectures: ['x86_64', 'x32'] })
  t.equal(verdict(both, { arch: AUDIT_ARCH.x86_64, nr: nr + X32 }), 'errno 1')
})

t.test('a rule reaches the call of each architecture by its own number', async t => {
  const program = compile([rule(EPERM, 'mount')], { architectures: ['x86_64', 'x86', 'aarch64'] })
  for (const abi of ['x86_64', 'i386', 'aarch64'] as const)
    t.equal(verdict(program, { arch: AUDIT_ARCH[abi], nr: callNumber(abi, 'mount') }), 'errno 1', abi)
})

t.test('calls newer than any named one are unknown, on each architecture', async t => {
  const architectures = ['x86_64', 'x86', 'x32', 'aarch64']
  const program = compile([rule(ALLOW, 'openat2'), rule(ALLOW, 'read')], {
    architectures,
    defaultAction: EPERM,
    newerUnknown: true,
  })
  const openat2 = 437
  for (const abi of ['x86_64', 'i386', 'aarch64'] as const) {
    const at = (nr: number) => verdict(program, { arch: AUDIT_ARCH[abi], nr })
    t.same(
      [at(openat2 - 1), at(openat2), at(openat2 + 1), at(700)],
      ['errno 1', 'allow', 'errno 38', 'errno 38'],
    )
  }
  t.equal(verdict(program, { arch: AUDIT_ARCH.x86_64, nr: X32 + openat2 + 1 }), 'errno 38')
  t.equal(verdict(program, { arch: AUDIT_ARCH.x86_64, nr: X32 + openat2 }), 'allow')
  t.equal(verdict(program, { arch: AUDIT_ARCH.riscv64, nr: 700 }), 'kill process')
})

t.test('what cannot be compiled is an error that names it', async t => {
  const condition = { index: 0, operator: 'eq', value: 1n } as const
  for (const [rules, code, text] of [
    [filterWith([rule(EPERM, HARMLESS, [condition, condition])]), 'ERR_TSBOX_SPEC', /a rule for getpid/],
    [
      filterWith([rule(EPERM, HARMLESS, [{ ...condition, index: 6 }])]),
      'ERR_TSBOX_SPEC',
      /a rule for getpid/,
    ],
    [filterWith([], { architectures: ['pdp11'] }), 'ERR_TSBOX_HOST', /architecture pdp11/],
    [filterWith([], { architectures: ['s390x'] }), 'ERR_TSBOX_SPEC', /architecture s390x/],
    [
      filterWith([], { defaultAction: { kind: 'errno', value: 4095 } }),
      'ERR_TSBOX_HOST',
      /default action errno/,
    ],
  ] as const) {
    t.throws(() => compileSeccomp(rules), { code, message: text, step: 'seccomp' })
    try {
      compileSeccomp(rules)
    } catch (error) {
      t.ok(isTsboxError(error) && error.hint, 'with a hint')
    }
  }
})

t.test('a program longer than the kernel takes is refused', async t => {
  const rules = Array.from({ length: 1500 }, (_, i) =>
    rule(EPERM, HARMLESS, [{ index: 0, operator: 'maskedEq', value: 2n ** 40n - 1n, masked: BigInt(i) }]),
  )
  t.throws(() => compile(rules), { code: 'ERR_TSBOX_SPEC', message: /has \d{4,} instructions/ })
})
