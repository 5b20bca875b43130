import { isTsboxError } from '@tsbox/errors'
import t from 'tap'
import { seccompRules } from '../../src/index.ts'
import type { OciSeccomp, OciSeccompArg } from '../../src/oci/seccomp.ts'

const rulesOf = (profile: Partial<OciSeccomp>) =>
  seccompRules({ defaultAction: 'SCMP_ACT_ERRNO', ...profile }, 'x64')
const withArgs = (...args: OciSeccompArg[]) =>
  rulesOf({ syscalls: [{ names: ['personality'], action: 'SCMP_ACT_ALLOW', args }] }).rules.map(rule =>
    rule.conditions.map(({ index, operator, value, masked }) => [index, operator, value, masked]),
  )

t.test('every action is known, and an error number that is not given is EPERM', async t => {
  const actionOf = (action: string, errnoRet?: number) =>
    rulesOf({ syscalls: [{ names: ['mount'], action, errnoRet }] }).rules[0]?.action
  for (const [name, kind] of [
    ['SCMP_ACT_ALLOW', 'allow'],
    ['SCMP_ACT_KILL', 'killThread'],
    ['SCMP_ACT_KILL_THREAD', 'killThread'],
    ['SCMP_ACT_KILL_PROCESS', 'killProcess'],
    ['SCMP_ACT_TRAP', 'trap'],
    ['SCMP_ACT_LOG', 'log'],
    ['SCMP_ACT_NOTIFY', 'notify'],
  ] as const)
    t.same(actionOf(name), { kind }, name)
  t.same(actionOf('SCMP_ACT_ERRNO'), { kind: 'errno', value: 1 })
  t.same(actionOf('SCMP_ACT_ERRNO', 0), { kind: 'errno', value: 0 })
  t.same(actionOf('SCMP_ACT_TRACE'), { kind: 'trace', value: 1 })
  t.same(actionOf('SCMP_ACT_TRACE', 65_535), { kind: 'trace', value: 65_535 })
  t.same(rulesOf({ defaultErrnoRet: 38 }).defaultAction, { kind: 'errno', value: 38 })
})

t.test('every operator is known; numbers beyond 2^53 are exact', async t => {
  for (const [op, operator] of [
    ['SCMP_CMP_NE', 'ne'],
    ['SCMP_CMP_LT', 'lt'],
    ['SCMP_CMP_LE', 'le'],
    ['SCMP_CMP_EQ', 'eq'],
    ['SCMP_CMP_GE', 'ge'],
    ['SCMP_CMP_GT', 'gt'],
    ['SCMP_CMP_MASKED_EQ', 'maskedEq'],
  ] as const)
    t.same(withArgs({ index: 5, op, value: 3, valueTwo: 2n ** 64n - 1n }), [
      [[5, operator, 3n, 2n ** 64n - 1n]],
    ])
})

t.test('conditions on different arguments go together; two on one argument part them all', async t => {
  const [a, b, c] = [0, 1, 1].map((index, value) => ({ index, op: 'SCMP_CMP_EQ', value }))
  if (a === undefined || b === undefined || c === undefined) return
  t.same(
    withArgs(a, b).map(rule => rule.map(([index]) => index)),
    [[0, 1]],
  )
  t.same(
    withArgs(a, b, c).map(rule => rule.map(([index]) => index)),
    [[0], [1], [1]],
  )
})

t.test('a rule is one for each of its names, in order', async t => {
  const { rules } = rulesOf({
    syscalls: [
      { names: ['b', 'a'], action: 'SCMP_ACT_ALLOW' },
      { names: ['a'], action: 'SCMP_ACT_LOG' },
    ],
  })
  t.same(
    rules.map(({ name, action }) => [name, action.kind]),
    [
      ['b', 'allow'],
      ['a', 'allow'],
      ['a', 'log'],
    ],
  )
})

t.test('the own architecture is always let in; others end the process', async t => {
  const of = (architectures: readonly string[] | undefined, machine: 'x64' | 'arm64') =>
    seccompRules({ defaultAction: 'SCMP_ACT_ALLOW', architectures }, machine)
  t.same(of(undefined, 'x64').architectures, ['x86_64'])
  t.same(of([], 'arm64').architectures, ['aarch64'])
  t.same(of(['SCMP_ARCH_X86', 'SCMP_ARCH_X86_64', 'SCMP_ARCH_X32'], 'x64').architectures, [
    'x86_64',
    'x86',
    'x32',
  ])
  t.same(of(['SCMP_ARCH_ARM'], 'arm64').architectures, ['aarch64', 'arm'])
  t.same(of([], 'x64').foreignAction, { kind: 'killProcess' })
})

t.test(
  'newer calls are unknown where the default refuses, and answer the default where it does not',
  async t => {
    for (const [profile, expected] of [
      [{ defaultAction: 'SCMP_ACT_ERRNO' }, true],
      [{ defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 22 }, true],
      [{ defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 38 }, false],
      [{ defaultAction: 'SCMP_ACT_KILL' }, true],
      [{ defaultAction: 'SCMP_ACT_KILL_PROCESS' }, true],
      [{ defaultAction: 'SCMP_ACT_TRAP' }, true],
      [{ defaultAction: 'SCMP_ACT_ALLOW' }, false],
      [{ defaultAction: 'SCMP_ACT_LOG' }, false],
      [{ defaultAction: 'SCMP_ACT_TRACE' }, false],
    ] as const)
      t.equal(seccompRules(profile, 'x64').newerUnknown, expected, JSON.stringify(profile))
  },
)

t.test('D19: a profile that is empty or wrong is an error that names the field, never no filter', async t => {
  const arg = { index: 0, op: 'SCMP_CMP_EQ', value: 1 }
  const call = { names: ['mount'], action: 'SCMP_ACT_ALLOW' }
  const bad: readonly (readonly [unknown, string])[] = [
    [{}, 'defaultAction'],
    [{ defaultAction: '' }, 'defaultAction'],
    [{ defaultAction: 'SCMP_ACT_NOTIFY' }, 'defaultAction'],
    [{ defaultAction: 'allow' }, 'defaultAction'],
    [{ defaultAction: '__proto__' }, 'defaultAction'],
    [{ defaultAction: 'SCMP_ACT_ALLOW', defaultErrnoRet: 1 }, 'defaultErrnoRet'],
    [{ defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 4095 }, 'defaultErrnoRet'],
    [{ defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 1.5 }, 'defaultErrnoRet'],
    [{ architectures: ['SCMP_ARCH_X86_64', 'x86_64'] }, 'architectures[1]'],
    [{ architectures: ['SCMP_ARCH_PDP11'] }, 'architectures[0]'],
    [{ syscalls: [call, { names: ['mount'] }] }, 'syscalls[1].action'],
    [{ syscalls: [{ ...call, action: 'SCMP_ACT_DENY' }] }, 'syscalls[0].action'],
    [{ syscalls: [{ ...call, errnoRet: 1 }] }, 'syscalls[0].errnoRet'],
    [{ syscalls: [{ ...call, action: 'SCMP_ACT_TRACE', errnoRet: 65_536 }] }, 'syscalls[0].errnoRet'],
    [{ syscalls: [{ ...call, names: ['mount', ''] }] }, 'syscalls[0].names[1]'],
    [{ syscalls: [{ ...call, args: [{ ...arg, op: 'SCMP_CMP_IN' }] }] }, 'syscalls[0].args[0].op'],
    [{ syscalls: [{ ...call, args: [{ ...arg, op: 'toString' }] }] }, 'syscalls[0].args[0].op'],
    [{ syscalls: [{ ...call, args: [arg, { ...arg, index: 6 }] }] }, 'syscalls[0].args[1].index'],
    [{ syscalls: [{ ...call, args: [{ ...arg, index: -1 }] }] }, 'syscalls[0].args[0].index'],
    [{ syscalls: [{ ...call, args: [{ ...arg, value: -1 }] }] }, 'syscalls[0].args[0].value'],
    [{ syscalls: [{ ...call, args: [{ ...arg, valueTwo: 2n ** 64n }] }] }, 'syscalls[0].args[0].valueTwo'],
  ]
  for (const [profile, path] of bad) {
    const whole =
      'defaultAction' in (profile as object) || path === 'defaultAction'
        ? {}
        : { defaultAction: 'SCMP_ACT_ERRNO' }
    const step = `linux.seccomp.${path}`
    try {
      seccompRules({ ...whole, ...(profile as OciSeccomp) }, 'x64')
      t.fail(`${path} was taken`)
    } catch (error) {
      t.ok(isTsboxError(error, 'ERR_TSBOX_SPEC') && error.hint !== undefined, path)
      t.match(error, { step, message: new RegExp(`^${step.replace(/[[\]]/g, '\\$&')}: `) })
    }
  }
})
