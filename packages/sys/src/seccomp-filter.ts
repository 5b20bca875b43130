import { closeSync, fstatSync, readSync } from 'node:fs'
import { TsboxError } from '@tsbox/errors'
import { type FilterContext, type Libseccomp, libseccomp } from './libseccomp.ts'
import { ATTRIBUTES, actionWord, conditionBytes } from './seccomp-constants.ts'
import type { SeccompRule, SeccompRules } from './seccomp-rules.ts'

/** A filter that libseccomp is building. */
export interface Filter {
  readonly lib: Libseccomp
  readonly context: FilterContext
  /** The architectures in it, as libseccomp's tokens. */
  readonly tokens: readonly number[]
}

const EEXIST = -17
const EOPNOTSUPP = -95
const MFD_CLOEXEC = 1
/** A binary tree pays from about here on; libseccomp up to 2.5.4 builds a wrong one of no rules at all. */
const TREE_FROM = 33

/**
 * Hands a new filter to `use` and releases it.
 *
 * @throws TsboxError ERR_TSBOX_HOST, ERR_TSBOX_SPEC
 */
export const withFilter = <T>(rules: SeccompRules, use: (filter: Filter) => T): T => {
  const lib = libseccomp()
  const context = lib.seccomp_init(actionWord(rules.defaultAction))
  if (context === null) throw lacking(lib, `the default action ${rules.defaultAction.kind}`)
  try {
    const tokens = addArchitectures(lib, context, rules.architectures)
    const word = actionWord(rules.foreignAction)
    if (lib.seccomp_attr_set(context, ATTRIBUTES.badArch, word) < 0)
      throw lacking(lib, `the action ${rules.foreignAction.kind}`)
    // A refinement of error numbers that libseccomp 2.4 does not have.
    lib.seccomp_attr_set(context, ATTRIBUTES.systemErrors, 1)
    return use({ lib, context, tokens })
  } finally {
    lib.seccomp_release(context)
  }
}

const addArchitectures = (
  lib: Libseccomp,
  context: FilterContext,
  names: readonly string[],
): readonly number[] => {
  const tokens = new Set([lib.seccomp_arch_native()])
  for (const name of names) {
    const token = lib.seccomp_arch_resolve_name(name)
    if (token === 0) throw lacking(lib, `the architecture ${name}`)
    const result = lib.seccomp_arch_add(context, token)
    if (result < 0 && result !== EEXIST)
      throw refused(result, `the architecture ${name} beside the one of this machine`)
    tokens.add(token)
  }
  return [...tokens]
}

/** @param numbers of the machine's own architecture, by name */
export const addRules = (
  { lib, context }: Filter,
  rules: readonly SeccompRule[],
  numbers: ReadonlyMap<string, number>,
): void => {
  // Before 2.5 there are no trees, and the filter is the same, only slower.
  if (rules.length >= TREE_FROM) lib.seccomp_attr_set(context, ATTRIBUTES.optimize, 2)
  for (const { name, action, conditions } of rules) {
    const result = lib.seccomp_rule_add_array(
      context,
      actionWord(action),
      numbers.get(name) ?? -1,
      conditions.length,
      conditionBytes(conditions),
    )
    if (result === EOPNOTSUPP) throw lacking(lib, `the action ${action.kind}`)
    // EEXIST: an earlier rule has these conditions, and it decides.
    if (result < 0 && result !== EEXIST) throw refused(result, `a rule for ${name}`)
  }
}

/** The program, through a file in memory: a pipe holds 64 KiB, and nobody reads while libseccomp writes. */
export const exported = ({ lib, context }: Filter): Buffer => {
  const fd = lib.memfd_create('seccomp', MFD_CLOEXEC)
  if (fd < 0) throw lacking(lib, 'memfd_create')
  try {
    const result = lib.seccomp_export_bpf(context, fd)
    if (result < 0) throw refused(result, 'the program')
    const bytes = Buffer.alloc(fstatSync(fd).size)
    readSync(fd, bytes, 0, bytes.length, 0)
    return bytes
  } finally {
    closeSync(fd)
  }
}

const lacking = (lib: Libseccomp, what: string): TsboxError =>
  new TsboxError('ERR_TSBOX_HOST', `libseccomp ${lib.version.join('.')} or this kernel lacks ${what}`, {
    hint: 'Use a newer libseccomp2 or kernel, or a profile without it.',
    step: 'seccomp',
  })

const refused = (result: number, what: string): TsboxError =>
  new TsboxError('ERR_TSBOX_SPEC', `libseccomp refuses ${what} (errno ${-result})`, {
    hint: 'Architectures of one filter share a byte order with this machine.',
    step: 'seccomp',
  })
