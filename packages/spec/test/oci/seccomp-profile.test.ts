import t from 'tap'
import { read, refuses } from './documents.ts'

type Fields = Readonly<Record<string, unknown>>
const given = (changes: Fields) => ({ linux: { seccomp: { defaultAction: 'SCMP_ACT_ERRNO', ...changes } } })
const withRule = (rule: Fields) =>
  given({ syscalls: [{ names: ['mount'], action: 'SCMP_ACT_ALLOW', ...rule }] })
const withArg = (arg: Fields) => withRule({ args: [{ index: 0, value: 1, op: 'SCMP_CMP_EQ', ...arg }] })
const at = 'linux.seccomp'

t.test('every action, operator, flag and architecture of the specification passes', async t => {
  const actions = ['KILL', 'KILL_PROCESS', 'KILL_THREAD', 'TRAP', 'ERRNO', 'TRACE', 'ALLOW', 'LOG', 'NOTIFY']
  const seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    flags: ['TSYNC', 'LOG', 'SPEC_ALLOW', 'WAIT_KILLABLE_RECV'].map(name => `SECCOMP_FILTER_FLAG_${name}`),
    architectures: ['X86', 'X86_64', 'X32', 'AARCH64', 'RISCV64', 'LOONGARCH64', 'SHEB'].map(
      name => `SCMP_ARCH_${name}`,
    ),
    listenerPath: '/run/agent',
    syscalls: actions.map(name => ({ names: ['read'], action: `SCMP_ACT_${name}` })),
  }
  t.strictSame(read({ linux: { seccomp } }).linux.seccomp, seccomp)
  for (const op of ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'])
    t.ok(read(withArg({ op: `SCMP_CMP_${op}` })), op)
})

t.test('numbers are exact to 64 bits', async t => {
  const args = [
    { index: 5, value: 18446744073709551615n, valueTwo: 9007199254740993n, op: 'SCMP_CMP_MASKED_EQ' },
  ]
  t.strictSame(read(withRule({ args })).linux.seccomp?.syscalls?.[0]?.args, args)
})

t.test('words and numbers that do not exist are refused', async t => {
  refuses(t, [
    [`${at}.defaultAction`, given({ defaultAction: undefined })],
    [`${at}.defaultAction`, given({ defaultAction: '' })],
    [`${at}.defaultAction`, given({ defaultAction: 'allow' })],
    [`${at}.architectures[0]`, given({ architectures: ['x86_64'] })],
    [`${at}.flags[0]`, given({ flags: ['LOG'] })],
    [`${at}.syscalls[0].names`, withRule({ names: undefined })],
    [`${at}.syscalls[0].names`, withRule({ names: [] })],
    [`${at}.syscalls[0].names[1]`, withRule({ names: ['read', ''] })],
    [`${at}.syscalls[0].names[0]`, withRule({ names: ['re\0ad'] })],
    [`${at}.syscalls[0].action`, withRule({ action: undefined })],
    [`${at}.syscalls[0].action`, withRule({ action: 'SCMP_ACT_DENY' })],
    [`${at}.syscalls[0].args[0].index`, withArg({ index: 6 })],
    [`${at}.syscalls[0].args[0].index`, withArg({ index: -1 })],
    [`${at}.syscalls[0].args[0].index`, withArg({ index: undefined })],
    [`${at}.syscalls[0].args[0].value`, withArg({ value: -1 })],
    [`${at}.syscalls[0].args[0].value`, withArg({ value: undefined })],
    [`${at}.syscalls[0].args[0].value`, withArg({ value: 18446744073709551616n })],
    [`${at}.syscalls[0].args[0].valueTwo`, withArg({ valueTwo: 0.5 })],
    [`${at}.syscalls[0].args[0].op`, withArg({ op: 'SCMP_CMP_IN' })],
    [`${at}.syscalls[0].args[0].op`, withArg({ op: undefined })],
  ])
})

t.test('an error number stands beside an action that returns one, and is one', async t => {
  t.ok(read(given({ defaultErrnoRet: 4094 })))
  t.ok(read(withRule({ action: 'SCMP_ACT_TRACE', errnoRet: 65535 })))
  refuses(t, [
    [`${at}.defaultErrnoRet`, given({ defaultErrnoRet: 4095 })],
    [`${at}.defaultErrnoRet`, given({ defaultAction: 'SCMP_ACT_ALLOW', defaultErrnoRet: 1 })],
    [`${at}.syscalls[0].errnoRet`, withRule({ errnoRet: 1 })],
    [`${at}.syscalls[0].errnoRet`, withRule({ action: 'SCMP_ACT_ERRNO', errnoRet: 4095 })],
    [`${at}.syscalls[0].errnoRet`, withRule({ action: 'SCMP_ACT_TRACE', errnoRet: 65536 })],
    [`${at}.syscalls[0].errnoRet`, withRule({ action: 'SCMP_ACT_ERRNO', errnoRet: -1 })],
  ])
})

t.test('asking an agent needs its socket, and is never the default', async t => {
  const notify = { syscalls: [{ names: ['mount'], action: 'SCMP_ACT_NOTIFY' }] }
  t.ok(read(given({ ...notify, listenerPath: '/run/agent', listenerMetadata: 'x\0y' })))
  t.ok(read(given({ listenerPath: '/run/agent' })), 'a socket nobody asks at is no harm')
  refuses(t, [
    [`${at}.listenerPath`, given(notify)],
    [`${at}.listenerPath`, given({ ...notify, listenerPath: '' })],
    [`${at}.listenerPath`, given({ ...notify, listenerPath: '/a\0' })],
    [`${at}.listenerMetadata`, given({ listenerMetadata: 'x' })],
    [`${at}.defaultAction`, given({ defaultAction: 'SCMP_ACT_NOTIFY', listenerPath: '/run/agent' })],
  ])
})
