import {
  type Capability,
  DEFAULT_CAPABILITIES,
  defaultSeccomp,
  type OciSeccomp,
  seccompRules,
} from '@tsbox/spec'
import { compileSeccomp } from '@tsbox/sys'
import t from 'tap'
import { AUDIT_ARCH, verdict, X32 } from '../helpers/bpf.ts'
import { type Abi, answers, NATIVE_ABI, type Probe, runsAbi } from '../helpers/filter-probe.ts'
import { callNumber, callNumbers } from '../helpers/syscall-numbers.ts'
import { ALLOWED, ROWS, type Row } from './d-seccomp-rows.ts'

// Families D, L, H24 and F2 as far as the default filter answers them: each row is a raw system call, put to the kernel
// with the filter and, as its control, without. The calls are made by a program of their own and not in a box, so that
// all else that would refuse them in a box (capabilities, namespaces) cannot be what does.

const machine = process.arch === 'arm64' ? 'arm64' : 'x64'
const compile = (profile: OciSeccomp): Buffer => compileSeccomp(seccompRules(profile, machine)).program
const filterOf = (capabilities: readonly Capability[]): Buffer =>
  compile(defaultSeccomp(capabilities, machine))
const DEFAULT = filterOf(DEFAULT_CAPABILITIES)

/** What an ABI calls a call; a few have another name there, or none. */
const numberOn = (abi: Abi, call: string): number | undefined => callNumbers(abi).get(call)
const probeOf = ({ call, args = [] }: Pick<Row, 'call' | 'args'>, abi: Abi = NATIVE_ABI): Probe => ({
  abi,
  nr: callNumber(abi, call),
  args,
})
const shown = ({ call, args = [] }: Pick<Row, 'call' | 'args'>): string =>
  `${call}(${args.map(arg => (typeof arg === 'bigint' ? `0x${arg.toString(16)}` : arg)).join(', ')})`

t.test('D15 D16 D17 D18 F2 H24 L2 L3 L4 L5 L6 L10 L11 L12: refused by the default filter', async t => {
  const probes = ROWS.map(row => probeOf(row))
  const filtered = answers(DEFAULT, probes)
  const bare = answers(undefined, probes)
  ROWS.forEach((row, i) => {
    t.equal(filtered[i], row.answer, `${row.rows}: ${shown(row)}`)
    // What a kernel without the family or protocol says. The next test shows who answers.
    if (bare[i] === row.answer && row.answer !== 'errno=1')
      t.comment(`this kernel has nothing behind ${shown(row)}`)
    else t.not(bare[i], row.answer, `without the filter it is answered ${bare[i]}`)
  })
})

t.test('H24 L3 L4 L10: no other family is let through, whether this kernel has it or not', async t => {
  const families = [3, 4, 5, 9, 15, 21, 23, 26, 28, 29, 30, 31, 33, 36, 38, 39, 40, 41, 43, 44, 45]
  const probes = families.map(family => probeOf({ call: 'socket', args: [family, 3, 0] }))
  t.same(
    answers(DEFAULT, probes),
    families.map(() => 'errno=97'),
  )
  // EAFNOSUPPORT is also what a kernel without the family says: another number shows who answers.
  const allowing = compile({
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['socket'], action: 'SCMP_ACT_ERRNO', errnoRet: 77 }],
  })
  t.same(
    answers(allowing, probes),
    families.map(() => 'errno=77'),
    'a filter is asked before the kernel looks at the family',
  )
})

t.test('D16: a call this filter has never heard of is unknown, not refused', async t => {
  const never = [{ nr: 470 }, { nr: 700 }, { nr: 0x3fff_ffff }]
  t.same(answers(DEFAULT, never), ['errno=38', 'errno=38', 'errno=38'])
  const profile = {
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [{ names: ['openat2'], action: 'SCMP_ACT_ALLOW' }],
  }
  t.same(answers(compile(profile), never), ['errno=38', 'errno=38', 'errno=38'], 'nor by one that refuses')
  const without = compileSeccomp({ ...seccompRules(profile, machine), newerUnknown: false }).program
  t.same(answers(without, never), ['errno=1', 'errno=1', 'errno=1'], 'as libseccomp alone would')
})

t.test('what every program needs is answered by the kernel, as without the filter', async t => {
  const probes = ALLOWED.map(row => probeOf(row))
  const filtered = answers(DEFAULT, probes)
  const bare = answers(undefined, probes)
  ALLOWED.forEach((row, i) => {
    t.equal(filtered[i], bare[i], `${shown(row)}: ${bare[i]}`)
  })
  t.ok(bare.filter(answer => answer === 'ok').length > 5, 'and much of it succeeds')
})

t.test('L11: the clock can be read and not set', async t => {
  const timex = (modes: number) => {
    const bytes = Buffer.alloc(208)
    bytes.writeUInt32LE(modes, 0)
    return bytes
  }
  const [read, set] = [0, 1].map(modes => probeOf({ call: 'adjtimex', args: [timex(modes)] }))
  if (read === undefined || set === undefined) return
  t.same(
    answers(DEFAULT, [read, set], { noCapabilities: true }),
    ['ok', 'errno=1'],
    'by a box without rights',
  )
})

/** uretprobe and uprobe of x86-64: since Linux 6.14 no filter is asked, a call outside a probe ends the program. */
const NEVER_FILTERED = machine === 'x64' ? [335, 336] : []

t.test('every number the filter refuses is refused by the kernel, to the last', async t => {
  const arch = AUDIT_ARCH[machine === 'arm64' ? 'aarch64' : 'x86_64']
  const refused = Array.from({ length: 520 }, (_, nr) => nr).filter(
    nr => verdict(DEFAULT, { arch, nr }) !== 'allow' && !NEVER_FILTERED.includes(nr),
  )
  t.ok(refused.length > 150, `${refused.length} of 520`)
  const seen = answers(
    DEFAULT,
    refused.map(nr => ({ nr })),
    { noCapabilities: true },
  )
  const wrong = refused.filter((nr, i) => seen[i] !== verdict(DEFAULT, { arch, nr }).replace(' ', '='))
  t.same(wrong, [])
})

t.test('a capability opens its rows, and the kernel is asked', async t => {
  const opened: readonly (readonly [Capability, string])[] = [
    ['SYS_ADMIN', 'mount'],
    ['SYS_ADMIN', 'unshare'],
    ['SYS_ADMIN', 'clone3'],
    ['SYS_PTRACE', 'ptrace'],
    ['SYS_TIME', 'clock_settime'],
    ['SYS_CHROOT', 'chroot'],
    ['BPF', 'bpf'],
    ['SYSLOG', 'syslog'],
  ]
  for (const [capability, call] of opened) {
    const row = ROWS.find(row => row.call === call)
    if (row === undefined) throw new Error(`no row for ${call}`)
    const program = filterOf([...DEFAULT_CAPABILITIES, capability])
    t.same(answers(program, [probeOf(row)]), answers(undefined, [probeOf(row)]), `${call} with ${capability}`)
  }
})

/** The other two ways into the kernel of a 64-bit x86 machine, by what the filter sees of them. */
const FOREIGN = [
  { abi: 'i386', arch: AUDIT_ARCH.i386, bit: 0 },
  { abi: 'x32', arch: AUDIT_ARCH.x86_64, bit: X32 },
] as const

for (const { abi, arch, bit } of machine === 'x64' ? FOREIGN : []) {
  t.test(`D16 D17 D18 H24 L2 L3 L4 L5 L6 L10 L11 L12: a call by ${abi} ends the program`, async t => {
    const rows = [...ROWS, ...ALLOWED].filter(({ call }) => numberOn(abi, call) !== undefined)
    t.ok(rows.length > 60, `${rows.length} calls`)
    const verdicts = rows.map(({ call }) =>
      verdict(DEFAULT, { arch, nr: (callNumber(abi, call) + bit) >>> 0 }),
    )
    t.same(new Set(verdicts), new Set(['kill process']), 'the program of the filter says so')
    if (abi === 'i386' && !runsAbi('i386')) {
      // int $0x80 faults where the kernel or the hypervisor below it has no 32-bit entry: SIGSEGV, with or without a filter.
      return t.comment('this machine makes no i386 calls: what the kernel would answer is not seen here')
    }
    // Without x32 in the kernel its numbers are unknown there (ENOSYS); the filter is asked before all the same.
    if (!runsAbi(abi)) t.comment(`this kernel is built without ${abi}: without a filter its calls are ENOSYS`)
    const probes = rows.map(row => probeOf(row, abi))
    t.same(new Set(answers(DEFAULT, probes)), new Set(['signal=31']), 'and the kernel does')
    t.notOk(answers(undefined, probes).includes('signal=31'), 'without the filter none of them does')
  })
}

if (machine === 'x64')
  t.test('D18: AF_ALG and AF_VSOCK behind the socketcall of i386 do not get through', async t => {
    const probes = [38, 40, 2].map(family => {
      const args = Buffer.alloc(12)
      args.writeUInt32LE(family, 0)
      args.writeUInt32LE(family === 38 ? 5 : 1, 4)
      return { abi: 'i386', nr: callNumber('i386', 'socketcall'), args: [1, args] } as const
    })
    t.equal(
      verdict(DEFAULT, { arch: AUDIT_ARCH.i386, nr: callNumber('i386', 'socketcall'), args: [1n] }),
      'kill process',
    )
    if (!runsAbi('i386')) return t.comment('this machine makes no i386 calls')
    t.same(answers(DEFAULT, probes), ['signal=31', 'signal=31', 'signal=31'])
    t.equal(answers(undefined, probes)[2], 'ok', 'without the filter AF_INET does')
  })

t.test('D20: when the agent is gone, what it was asked about is unknown and nobody waits', async t => {
  const call = 'mkdirat'
  const program = compile({
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: [call], action: 'SCMP_ACT_NOTIFY' }],
  })
  const newListener = 8
  const probe = probeOf({ call, args: [-1, 1, 0] })
  t.same(answers(program, [probe], { flags: newListener }), ['errno=38'])
  t.same(answers(undefined, [probe]), ['errno=14'], 'without the filter the kernel looks at the path')
})
