import { TsboxError } from '@tsbox/errors'
import { AUDIT_ARCH_X86_64, INSTRUCTION_SIZE, MAX_INSTRUCTIONS } from './bpf.ts'
import { type CallRules, decideCalls } from './bpf-calls.ts'
import { type HighestCalls, newerUnknown } from './bpf-newer.ts'
import { actionWord } from './seccomp-constants.ts'
import { addRules, exported, type Filter, withFilter } from './seccomp-filter.ts'
import type { SeccompRule, SeccompRules } from './seccomp-rules.ts'

export interface CompiledSeccomp {
  /** `struct sock_filter[]` as seccomp(2) takes it, 8 bytes each. */
  readonly program: Buffer
  /** Names of system calls this libseccomp does not know, each once; rules for them are left out. */
  readonly skipped: readonly string[]
}

/** Architectures without calls behind calls, such as the socketcall of x86. */
const PLAIN = ['x86_64', 'x32', 'aarch64', 'arm', 'riscv64', 'loongarch64']
const UNKNOWN = -1

/**
 * Compiles a filter by libseccomp.
 *
 * A rule whose action is the default one is left out, as is one for a call that libseccomp has no name for. A rule without
 * conditions decides for its call alone. Several rules with conditions for one call are compiled here and stand before
 * what libseccomp made, the first that holds decides: libseccomp (2.5.4 at least) merges them into a tree, and with
 * comparisons other than equality that tree answers wrong for some arguments.
 *
 * @throws TsboxError ERR_TSBOX_HOST when libseccomp is missing or too old, or it or the kernel lacks an action or an
 *   architecture; ERR_TSBOX_SPEC when a rule is none or the program is longer than the kernel takes
 */
export const compileSeccomp = (rules: SeccompRules): CompiledSeccomp =>
  withFilter(rules, filter => {
    const { lib } = filter
    const names = [...new Set(rules.rules.map(({ name }) => name))]
    const numbers = new Map(names.map(name => [name, lib.seccomp_syscall_resolve_name(name)]))
    const usual = actionWord(rules.defaultAction)
    const told = rules.rules.filter(
      ({ name, action }) => numbers.get(name) !== UNKNOWN && actionWord(action) !== usual,
    )
    told.forEach(checkConditions)
    const { single, several } = sortByCall(told)
    const plain = rules.architectures.every(name => PLAIN.includes(name))
    addRules(filter, plain ? single : [...single, ...[...several.values()].flat()], numbers)
    const parts = [
      rules.newerUnknown ? newerUnknown(highestCalls(filter, names)) : Buffer.alloc(0),
      decideCalls(callRules(filter, several), usual),
      exported(filter),
    ]
    return {
      program: bounded(Buffer.concat(parts)),
      skipped: names.filter(name => numbers.get(name) === UNKNOWN),
    }
  })

const checkConditions = ({ name, conditions }: SeccompRule): void => {
  const indices = new Set(conditions.map(({ index }) => index))
  if (indices.size === conditions.length && [...indices].every(index => index >= 0 && index <= 5)) return
  throw new TsboxError(
    'ERR_TSBOX_SPEC',
    `a rule for ${name} has two conditions on an argument, or one on none`,
    {
      hint: 'Arguments are 0 to 5, and each has at most one condition in a rule.',
      step: 'seccomp',
    },
  )
}

/** The rules libseccomp is to compile, and those of calls with several that have conditions. */
const sortByCall = (rules: readonly SeccompRule[]) => {
  const single: SeccompRule[] = []
  const several = new Map<string, readonly SeccompRule[]>()
  for (const name of new Set(rules.map(rule => rule.name))) {
    const ofCall = rules.filter(rule => rule.name === name)
    const [first] = ofCall
    const whole = ofCall.find(({ conditions }) => conditions.length === 0)
    if (whole !== undefined) single.push(whole)
    else if (first !== undefined && ofCall.length === 1) single.push(first)
    else several.set(name, ofCall)
  }
  return { single, several }
}

/** Tokens of libseccomp are the kernel's AUDIT_ARCH_*, but that of x32. */
const auditArch = ({ lib }: Filter, token: number): number =>
  token === lib.seccomp_arch_resolve_name('x32') ? AUDIT_ARCH_X86_64 : token

const callRules = (
  filter: Filter,
  several: ReadonlyMap<string, readonly SeccompRule[]>,
): readonly CallRules[] =>
  [...several].map(([name, rules]) => ({
    numbers: filter.tokens
      .map(token => ({
        auditArch: auditArch(filter, token),
        nr: filter.lib.seccomp_syscall_resolve_name_arch(token, name),
      }))
      .filter(({ nr }) => nr >= 0),
    rules: rules.map(({ action, conditions }) => ({ word: actionWord(action), conditions })),
  }))

const highestCalls = ({ lib, tokens }: Filter, names: readonly string[]): readonly HighestCalls[] => {
  const highest = (token: number) => {
    const numbers = names.map(name => lib.seccomp_syscall_resolve_name_arch(token, name))
    const found = numbers.reduce((most, number) => Math.max(most, number), 0)
    // Like runc: a filter that names nothing above number 0 knows nothing of how new this kernel is.
    return found === 0 ? undefined : found
  }
  const x32 = lib.seccomp_arch_resolve_name('x32')
  const shared = tokens.includes(x32) ? { highestX32: highest(x32) } : {}
  return tokens
    .filter(token => token !== x32)
    .map(token => ({
      auditArch: token,
      highest: highest(token),
      ...(token === AUDIT_ARCH_X86_64 ? shared : {}),
    }))
}

const bounded = (program: Buffer): Buffer => {
  const instructions = program.length / INSTRUCTION_SIZE
  if (instructions <= MAX_INSTRUCTIONS) return program
  throw new TsboxError('ERR_TSBOX_SPEC', `the system call filter has ${instructions} instructions`, {
    hint: `The kernel takes ${MAX_INSTRUCTIONS}: name fewer architectures or give fewer conditions on arguments.`,
    step: 'seccomp',
  })
}
