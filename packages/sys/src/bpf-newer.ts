import { AUDIT_ARCH_X86_64, assemble, DATA, type Instruction, OP, X32_BIT } from './bpf.ts'

const ENOSYS = 0x0005_0026

/** The highest call a filter names, for one AUDIT_ARCH_*; undefined: it names none. */
export interface HighestCalls {
  readonly auditArch: number
  readonly highest: number | undefined
  /** Of x32, which shares the AUDIT_ARCH of x86_64; its numbers have bit 30. */
  readonly highestX32?: number | undefined
}

/**
 * Instructions to stand before a filter: a call with a number above the highest one named for its architecture answers
 * ENOSYS, any other goes on into the filter. A profile cannot know what a later kernel offers; programs take ENOSYS for
 * an older kernel and fall back, where EPERM ends them.
 */
export const newerUnknown = (architectures: readonly HighestCalls[]): Buffer => {
  const named = architectures.filter(a => a.highest !== undefined || a.highestX32 !== undefined)
  if (named.length === 0) return Buffer.alloc(0)
  const sections = named.map(section)
  let left = sections.reduce((sum, { length }) => sum + length, 0)
  const code: Instruction[] = [[OP.load, 0, 0, DATA.arch]]
  for (const instructions of sections) {
    left -= instructions.length
    const end = instructions.length - 1
    // The last one of a section leaves for the filter, past the sections that follow.
    code.push(...instructions.slice(0, end), [OP.jump, 0, 0, left])
  }
  return assemble(code)
}

const section = ({ auditArch, highest, highestX32 }: HighestCalls): readonly Instruction[] => {
  const check = (limit: number | undefined, toUnknown: number, toFilter: number): Instruction =>
    limit === undefined ? [OP.jump, 0, 0, toFilter] : [OP.ifGreater, toUnknown, toFilter, limit]
  const byBit: readonly Instruction[] = [
    [OP.ifSet, 1, 0, X32_BIT],
    check(highest, 1, 2),
    check(highestX32, 0, 1),
  ]
  const body: readonly Instruction[] = [
    [OP.load, 0, 0, DATA.nr],
    ...(auditArch === AUDIT_ARCH_X86_64 ? byBit : [check(highest, 0, 1)]),
    [OP.answer, 0, 0, ENOSYS],
    [OP.jump, 0, 0, 0],
  ]
  return [[OP.ifEqual, 0, body.length, auditArch], ...body]
}
