import type { Capability } from '../capabilities.ts'
import type { OciSeccompArg, OciSyscallRule } from '../oci/seccomp.ts'
import { hasAll, hasNone, hasOnly, is, isNone } from './conditions.ts'

const ALLOW = 'SCMP_ACT_ALLOW'
const ERRNO = 'SCMP_ACT_ERRNO'
const EPERM = 1
const EPROTONOSUPPORT = 93
const EAFNOSUPPORT = 97

type Has = (capability: Capability) => boolean

const allow = (name: string, args: readonly OciSeccompArg[] = []): OciSyscallRule => ({
  names: [name],
  action: ALLOW,
  args,
})

/** A rule of several conditions on one argument means that one of them holds. */
const refuse = (name: string, errnoRet: number, args: readonly OciSeccompArg[]): OciSyscallRule => ({
  names: [name],
  action: ERRNO,
  errnoRet,
  args,
})

/**
 * CLONE_NEW* of clone(2): mount, cgroup, UTS, IPC, user, PID and network namespaces. CLONE_NEWTIME is not among them: its
 * bit lies in the byte that clone takes for the signal of the child's end.
 */
const NAMESPACES = [
  0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000,
] as const

const cloneRules = (has: Has): readonly OciSyscallRule[] => {
  if (has('SYS_ADMIN')) return [allow('clone')]
  const all = NAMESPACES.reduce((sum, bit) => sum + bit, 0)
  const asked = NAMESPACES.map(bit => hasAll(0, bit))
  return [allow('clone', [hasNone(0, all)]), refuse('clone', EPERM, asked)]
}

const AF = { unix: 1, inet: 2, inet6: 10, netlink: 16, packet: 17 } as const
const NETLINK = { route: 0, sockDiag: 4, audit: 9 } as const

/**
 * Families for connections, and no other: what AF_ALG, AF_VSOCK, AF_RXRPC, AF_KEY and dozens more offer is code of the
 * kernel that few programs need. They answer what a kernel without them does.
 */
const socketRules = (has: Has): readonly OciSyscallRule[] => {
  const families = [AF.unix, AF.inet, AF.inet6, ...(has('NET_RAW') ? [AF.packet] : [])]
  return [
    allow(
      'socket',
      families.map(family => is(0, family)),
    ),
    ...(has('NET_RAW') ? [] : [refuse('socket', EPERM, [is(0, AF.packet)])]),
    refuse('socket', EAFNOSUPPORT, isNone(0, Object.values(AF))),
    allow('socketpair', [is(0, AF.unix)]),
    refuse('socketpair', EAFNOSUPPORT, isNone(0, [AF.unix])),
    ...netlinkRules(has),
  ]
}

/** Routes and the list of sockets; all of it for who may set networks up, audit for who may write there. */
const netlinkRules = (has: Has): readonly OciSyscallRule[] => {
  if (has('NET_ADMIN')) return [allow('socket', [is(0, AF.netlink)])]
  const audit = (['AUDIT_WRITE', 'AUDIT_CONTROL', 'AUDIT_READ'] as const).some(has)
  const protocols = [NETLINK.route, NETLINK.sockDiag, ...(audit ? [NETLINK.audit] : [])]
  return [
    ...protocols.map(protocol => allow('socket', [is(0, AF.netlink), is(2, protocol)])),
    ...isNone(2, protocols).map(other => refuse('socket', EPROTONOSUPPORT, [is(0, AF.netlink), other])),
  ]
}

/** PER_LINUX, PER_LINUX32, each with UNAME26, and the question which it is. */
const PERSONALITIES = [0, 8, 0x2_0000, 0x2_0008, 0xffff_ffff] as const
/** What personality(2) can switch: among it ADDR_NO_RANDOMIZE and READ_IMPLIES_EXEC, which weaken the program. */
const PERSONALITY_FLAGS = [
  0x4_0000, 0x8_0000, 0x10_0000, 0x20_0000, 0x40_0000, 0x80_0000, 0x100_0000, 0x200_0000, 0x400_0000,
  0x800_0000,
] as const
/** Set in the question and in none of what can be switched. */
const QUESTION = 0x8000_0000

const personalityRules = (): readonly OciSyscallRule[] => [
  allow(
    'personality',
    PERSONALITIES.map(persona => is(0, persona)),
  ),
  refuse(
    'personality',
    EPERM,
    PERSONALITY_FLAGS.map(flag => hasOnly(0, flag, QUESTION)),
  ),
]

/** TIOCSTI types into the terminal; TIOCLINUX, on a virtual console, pastes into it. */
const TYPING = [0x5412, 0x541c] as const

const ioctlRules = (): readonly OciSyscallRule[] => [
  allow('ioctl', isNone(1, TYPING)),
  refuse(
    'ioctl',
    EPERM,
    TYPING.map(request => is(1, request)),
  ),
]

/** The calls whose arguments decide; what no rule matches answers as an unknown call does. */
export const argumentRules = (has: Has): readonly OciSyscallRule[] => [
  ...cloneRules(has),
  ...socketRules(has),
  ...personalityRules(),
  ...ioctlRules(),
]
