import { anyText, type Check, list, oneOf, shown, text, texts, uint64, unlessEmpty, whole } from './check.ts'
import { configError } from './config-error.ts'
import { record } from './record.ts'
import type { OciSeccomp, OciSeccompArg, OciSyscallRule } from './seccomp.ts'

const ACTIONS = [
  'SCMP_ACT_KILL',
  'SCMP_ACT_KILL_PROCESS',
  'SCMP_ACT_KILL_THREAD',
  'SCMP_ACT_TRAP',
  'SCMP_ACT_ERRNO',
  'SCMP_ACT_TRACE',
  'SCMP_ACT_ALLOW',
  'SCMP_ACT_LOG',
  'SCMP_ACT_NOTIFY',
] as const

const OPERATORS = ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'].map(name => `SCMP_CMP_${name}`)

const ARCHITECTURES =
  'X86 X86_64 X32 ARM AARCH64 LOONGARCH64 M68K MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PPC PPC64 PPC64LE S390 S390X SH SHEB PARISC PARISC64 RISCV64'
    .split(' ')
    .map(name => `SCMP_ARCH_${name}`)

const FLAGS = ['TSYNC', 'LOG', 'SPEC_ALLOW', 'WAIT_KILLABLE_RECV'].map(name => `SECCOMP_FILTER_FLAG_${name}`)

/** What a profile may say, by the specification's names; what `features` tells. */
export const SECCOMP_WORDS = {
  actions: [...ACTIONS],
  operators: OPERATORS,
  archs: ARCHITECTURES,
  knownFlags: FLAGS,
  supportedFlags: FLAGS,
} as const

/** What libseccomp takes, one less than the kernel's MAX_ERRNO; and what a tracer is told in 16 bits. */
const LARGEST = new Map([
  ['SCMP_ACT_ERRNO', 4094],
  ['SCMP_ACT_TRACE', 0xffff],
])

const action = oneOf(ACTIONS)
const errno = whole(0, 0xffff)

const argument = record<OciSeccompArg>({
  fields: { index: whole(0, 5), value: uint64, valueTwo: uint64, op: oneOf(OPERATORS) },
  required: ['index', 'value', 'op'],
})

const names: Check<readonly string[]> = (value, path) => {
  const read = texts(value, path)
  if (read.length === 0) throw configError(path, 'is empty', 'Name at least one system call.')
  const empty = read.indexOf('')
  if (empty < 0) return read
  throw configError(`${path}[${empty}]`, 'is empty', 'Name a system call.')
}

const rule = record<OciSyscallRule>({
  fields: { names, action, errnoRet: errno, args: list(argument) },
  required: ['names', 'action'],
})

const fields = record<OciSeccomp>({
  fields: {
    defaultAction: action,
    defaultErrnoRet: errno,
    architectures: list(oneOf(ARCHITECTURES)),
    flags: list(oneOf(FLAGS)),
    listenerPath: unlessEmpty(text),
    listenerMetadata: unlessEmpty(anyText),
    syscalls: list(rule),
  },
  required: ['defaultAction'],
})

/** `linux.seccomp`: its words and numbers, and what of it must go together. What the calls are called is libseccomp's to say. */
export const seccomp: Check<OciSeccomp> = (value, path) => {
  const read = fields(value, path)
  if (read.defaultAction === 'SCMP_ACT_NOTIFY')
    throw configError(
      `${path}.defaultAction`,
      'SCMP_ACT_NOTIFY cannot be the default',
      'An agent cannot answer for the calls that reach it; name the calls it is asked about in syscalls.',
    )
  errnoFits({ action: read.defaultAction, value: read.defaultErrnoRet, where: `${path}.defaultErrnoRet` })
  for (const [i, { action, errnoRet }] of (read.syscalls ?? []).entries()) {
    errnoFits({ action, value: errnoRet, where: `${path}.syscalls[${i}].errnoRet` })
    if (action === 'SCMP_ACT_NOTIFY' && read.listenerPath === undefined)
      throw configError(
        `${path}.listenerPath`,
        `is missing, and ${path}.syscalls[${i}] has SCMP_ACT_NOTIFY`,
        'Give the socket of the agent that answers.',
      )
  }
  if (read.listenerMetadata !== undefined && read.listenerPath === undefined)
    throw configError(`${path}.listenerMetadata`, 'is there without listenerPath', 'Give both or neither.')
  return read
}

interface ErrnoRet {
  readonly action: string
  readonly value: number | undefined
  readonly where: string
}

const errnoFits = ({ action, value, where }: ErrnoRet): void => {
  if (value === undefined) return
  const most = LARGEST.get(action)
  if (most === undefined)
    throw configError(where, `${action} returns no error number`, 'Leave it out, or use SCMP_ACT_ERRNO.')
  if (value > most)
    throw configError(where, `${shown(value)} is out of range`, `${action} takes 0 to ${most}.`)
}
