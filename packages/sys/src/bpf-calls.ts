import { assemble, DATA, type Instruction, OP } from './bpf.ts'
import { conditionSteps, type Outcome } from './bpf-condition.ts'
import type { SeccompCondition } from './seccomp-rules.ts'

/** A system call with the rules for it, the first that holds decides. */
export interface CallRules {
  /** Its number on each architecture (AUDIT_ARCH_*) that has it. */
  readonly numbers: readonly { readonly auditArch: number; readonly nr: number }[]
  /** `word`: what the filter returns. */
  readonly rules: readonly { readonly word: number; readonly conditions: readonly SeccompCondition[] }[]
}

/**
 * Instructions to stand before a filter: they answer the given calls, with `usual` where no rule holds, and let all others
 * on into the filter.
 */
export const decideCalls = (calls: readonly CallRules[], usual: number): Buffer => {
  if (calls.length === 0) return Buffer.alloc(0)
  const bodies = calls.map(({ rules }) => bodyOf(rules, usual))
  const sections = byArchitecture(calls)
  const sectionsLength = sections.reduce((sum, { entries }) => sum + 4 + 2 * entries.length, 0)
  const starts = [1 + sectionsLength + 1]
  for (const { length } of bodies) starts.push((starts.at(-1) ?? 0) + length)
  const filter = starts.at(-1) ?? 0
  const code: Instruction[] = [[OP.load, 0, 0, DATA.arch]]
  const jumpTo = (target: number): Instruction => [OP.jump, 0, 0, target - code.length - 1]
  for (const { auditArch, entries } of sections) {
    code.push([OP.ifEqual, 1, 0, auditArch])
    code.push(jumpTo(code.length + 1 + 2 + 2 * entries.length))
    code.push([OP.load, 0, 0, DATA.nr])
    for (const { nr, call } of entries) {
      code.push([OP.ifEqual, 0, 1, nr])
      code.push(jumpTo(starts[call] ?? filter))
    }
    code.push(jumpTo(filter))
  }
  code.push(jumpTo(filter))
  return assemble([...code, ...bodies.flat()])
}

const byArchitecture = (calls: readonly CallRules[]) => {
  const all = calls.flatMap(({ numbers }, call) => numbers.map(number => ({ ...number, call })))
  return [...new Set(all.map(({ auditArch }) => auditArch))].map(auditArch => ({
    auditArch,
    entries: all.filter(entry => entry.auditArch === auditArch),
  }))
}

const bodyOf = (rules: CallRules['rules'], usual: number): readonly Instruction[] => [
  ...rules.flatMap(({ word, conditions }) => ruleOf(conditions, word)),
  [OP.answer, 0, 0, usual],
]

/** A rule: its conditions one after the other, then the answer. One that fails leads past the answer. */
const ruleOf = (conditions: readonly SeccompCondition[], word: number): readonly Instruction[] => {
  const blocks = conditions.map(conditionSteps)
  const end = blocks.reduce((sum, { length }) => sum + length, 0) + 1
  const code: Instruction[] = []
  for (const steps of blocks) {
    const held = code.length + steps.length
    for (const { code: op, k, yes, no } of steps) {
      const next = code.length + 1
      const to: Readonly<Record<Outcome, number>> = { next: 0, holds: held - next, fails: end - next }
      code.push([op, to[yes ?? 'next'], to[no ?? 'next'], k])
    }
  }
  return [...code, [OP.answer, 0, 0, word]]
}
