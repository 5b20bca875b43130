import { compileSeccomp } from '@tsbox/sys'
import t from 'tap'
import { AUDIT_ARCH, verdict, X32 } from '../../../../test/helpers/bpf.ts'
import { callNumber, callNumbers } from '../../../../test/helpers/syscall-numbers.ts'
import {
  CAPABILITIES,
  type Capability,
  DEFAULT_CAPABILITIES,
  defaultSeccomp,
  type Machine,
  seccompRules,
} from '../../src/index.ts'
import { EVERYDAY_CALLS } from '../../src/seccomp/everyday-calls.ts'
import { ADMIN_ELSE_UNKNOWN, GATED_CALLS, REFUSED_CALLS } from '../../src/seccomp/gated-calls.ts'

const MACHINES = [
  { machine: 'x64', abi: 'x86_64', arch: AUDIT_ARCH.x86_64 },
  { machine: 'arm64', abi: 'aarch64', arch: AUDIT_ARCH.aarch64 },
] as const

const programs = new Map<string, Buffer>()
/** The filter of a box with these capabilities; each is compiled once. */
const programOf = (capabilities: readonly Capability[], machine: Machine): Buffer => {
  const key = `${machine} ${capabilities}`
  const known = programs.get(key)
  if (known !== undefined) return known
  const { program } = compileSeccomp(seccompRules(defaultSeccomp(capabilities, machine), machine))
  programs.set(key, program)
  return program
}

/** What a box on x86-64 is answered. */
const answer = (name: string, args: readonly bigint[], capabilities = DEFAULT_CAPABILITIES): string =>
  verdict(programOf(capabilities, 'x64'), {
    arch: AUDIT_ARCH.x86_64,
    nr: callNumber('x86_64', name),
    args,
  })

/** Both halves of a register: the kernel looks at the lower one. */
const withUpperBits = (arg: number): readonly bigint[] => [
  BigInt(arg),
  BigInt(arg) | (1n << 32n),
  BigInt(arg) | (0xffff_ffffn << 32n),
]

/** Gone, never there, or of no use: what exists of them on 64 bits answers ENOSYS by itself on most kernels. */
const UNKNOWN_ON_PURPOSE = [
  '_sysctl',
  'afs_syscall',
  'create_module',
  'epoll_ctl_old',
  'epoll_wait_old',
  'get_kernel_syms',
  'get_thread_area',
  'getpmsg',
  'modify_ldt',
  'nfsservctl',
  'putpmsg',
  'query_module',
  'security',
  'set_thread_area',
  'sysfs',
  'tuxcall',
  'uselib',
  'ustat',
  'vserver',
]

t.test('every call of the kernel has one answer, or is left unknown on purpose', async t => {
  const byArguments = ['clone', 'ioctl', 'personality', 'socket', 'socketpair']
  const listed = [
    ...EVERYDAY_CALLS,
    ...GATED_CALLS.flatMap(({ calls }) => calls),
    ...ADMIN_ELSE_UNKNOWN,
    ...REFUSED_CALLS,
    ...byArguments,
  ]
  t.same(
    listed.filter((name, i) => listed.indexOf(name) !== i),
    [],
    'none is listed twice',
  )
  const unlisted = MACHINES.flatMap(({ abi }) => [...callNumbers(abi).keys()]).filter(
    name => !listed.includes(name),
  )
  t.same([...new Set(unlisted)].sort(), UNKNOWN_ON_PURPOSE)
})

t.test('the default box: allowed, refused and unknown calls on both machines', async t => {
  for (const { machine, abi, arch } of MACHINES) {
    const program = programOf(DEFAULT_CAPABILITIES, machine)
    const wrong = (names: readonly string[], expected: string) =>
      names.filter(name => {
        const nr = callNumbers(abi).get(name)
        return nr !== undefined && verdict(program, { arch, nr }) !== expected
      })
    t.same(wrong(EVERYDAY_CALLS, 'allow'), [], abi)
    t.same(
      wrong(
        GATED_CALLS.flatMap(({ calls }) => calls),
        'errno 1',
      ),
      [],
      abi,
    )
    t.same(wrong(REFUSED_CALLS, 'errno 1'), [], abi)
    t.same(wrong([...ADMIN_ELSE_UNKNOWN, ...UNKNOWN_ON_PURPOSE], 'errno 38'), [], abi)
    t.equal(verdict(program, { arch, nr: 700 }), 'errno 38', 'D16: a call of a later kernel is unknown')
  }
})

t.test('a capability opens its calls and no other', async t => {
  for (const { machine, abi, arch } of MACHINES) {
    for (const capability of CAPABILITIES) {
      const program = programOf([capability], machine)
      const wrong = GATED_CALLS.flatMap(({ anyOf, calls }) => {
        const expected = anyOf.includes(capability) ? 'allow' : 'errno 1'
        return calls.filter(name => {
          const nr = callNumbers(abi).get(name)
          return nr !== undefined && verdict(program, { arch, nr }) !== expected
        })
      })
      t.same(wrong, [], `${abi} ${capability}`)
      const clone3 = { arch, nr: callNumber(abi, 'clone3') }
      t.equal(verdict(program, clone3), capability === 'SYS_ADMIN' ? 'allow' : 'errno 38')
    }
  }
})

t.test('no capability opens what reaches around the filter or changes the machine', async t => {
  for (const name of REFUSED_CALLS) t.equal(answer(name, [], CAPABILITIES), 'errno 1', name)
})

t.test('clone makes processes and threads, and namespaces with CAP_SYS_ADMIN only', async t => {
  const sigchld = 17
  const thread = 0x3d0f00
  for (const flags of [sigchld, thread, 0, sigchld | 0x0000_4000]) {
    for (const arg of withUpperBits(flags)) t.equal(answer('clone', [arg]), 'allow', `${arg.toString(16)}`)
  }
  for (const bit of [17, 25, 26, 27, 28, 29, 30]) {
    for (const arg of withUpperBits(2 ** bit + sigchld)) {
      t.equal(answer('clone', [arg]), 'errno 1', `L2: ${arg.toString(16)}`)
      t.equal(answer('clone', [arg], ['SYS_ADMIN']), 'allow')
    }
  }
  t.equal(answer('clone', [0x80n]), 'allow', 'the bit of CLONE_NEWTIME is part of a signal’s number here')
  t.equal(answer('unshare', [0x80n]), 'errno 1', 'where it means a namespace it is refused')
})

t.test('sockets: connections yes, other families of the kernel no', async t => {
  const netlink = 16n
  for (let family = 0; family < 300; family++) {
    for (const arg of withUpperBits(family)) {
      if (family === 16) continue
      const expected = [1, 2, 10].includes(family) ? 'allow' : family === 17 ? 'errno 1' : 'errno 97'
      if (answer('socket', [arg, 1n, 0n]) !== expected) t.fail(`socket ${arg}`)
      const pair = family === 1 ? 'allow' : 'errno 97'
      if (answer('socketpair', [arg, 1n, 0n]) !== pair) t.fail(`socketpair ${arg}`)
    }
  }
  for (const bit of [9, 16, 31]) t.equal(answer('socket', [2n ** BigInt(bit)]), 'errno 97', `family 2^${bit}`)
  t.equal(answer('socket', [17n], ['NET_RAW']), 'allow', 'packets with CAP_NET_RAW')
  for (const family of [33n, 15n, 38n, 40n])
    t.equal(answer('socket', [family], CAPABILITIES), 'errno 97', `${family} whatever the capabilities`)
  for (let protocol = 0; protocol < 64; protocol++) {
    for (const arg of withUpperBits(protocol)) {
      const to = (capabilities: readonly Capability[]) => answer('socket', [netlink, 3n, arg], capabilities)
      const open = [0, 4].includes(protocol)
      if (to(DEFAULT_CAPABILITIES) !== (open ? 'allow' : 'errno 93')) t.fail(`netlink ${arg}`)
      if (to(['AUDIT_WRITE']) !== (open || protocol === 9 ? 'allow' : 'errno 93')) t.fail(`audit ${arg}`)
      if (to(['NET_ADMIN']) !== 'allow') t.fail(`netlink ${arg} with CAP_NET_ADMIN`)
    }
  }
})

t.test('personality: the two of Linux, and the question', async t => {
  for (const persona of [0, 8, 0x2_0000, 0x2_0008, 0xffff_ffff])
    for (const arg of withUpperBits(persona)) t.equal(answer('personality', [arg]), 'allow', `${arg}`)
  for (let bit = 18; bit < 28; bit++)
    for (const arg of withUpperBits(2 ** bit)) t.equal(answer('personality', [arg]), 'errno 1', `L12: ${arg}`)
  for (const persona of [1, 9, 0x1_0000, 0x8000_0000, 0xffff_fffe])
    t.not(answer('personality', [BigInt(persona)]), 'allow', `${persona}`)
})

t.test('ioctl: everything but typing into a terminal, whatever the upper bits', async t => {
  for (const arg of [0x5412, 0x541c].flatMap(withUpperBits))
    for (const capabilities of [DEFAULT_CAPABILITIES, CAPABILITIES])
      t.equal(answer('ioctl', [0n, arg], capabilities), 'errno 1', `D17, F2: ${arg.toString(16)}`)
  for (let request = 0; request < 0x1_0000; request++)
    if (request !== 0x5412 && request !== 0x541c && answer('ioctl', [0n, BigInt(request)]) !== 'allow')
      t.fail(`ioctl ${request}`)
  t.equal(answer('ioctl', [0n, 0xffff_ffff_8004_5430n]), 'allow', 'a request that C extends by its sign')
})

t.test('D18: calls of other architectures end the process', async t => {
  const program = programOf(CAPABILITIES, 'x64')
  for (const name of ['getpid', 'read', 'mount', 'socketcall', 'socket'])
    t.equal(
      verdict(program, { arch: AUDIT_ARCH.i386, nr: callNumber('i386', name) }),
      'kill process',
      `i386 ${name}`,
    )
  for (const name of ['getpid', 'read', 'mount', 'socket'])
    t.equal(
      verdict(program, { arch: AUDIT_ARCH.x86_64, nr: callNumber('x32', name) + X32 }),
      'kill process',
      `x32 ${name}`,
    )
  t.equal(
    verdict(programOf(CAPABILITIES, 'arm64'), { arch: AUDIT_ARCH.arm, nr: 20 }),
    'kill process',
    '32-bit arm',
  )
})
