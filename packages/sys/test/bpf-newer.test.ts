import fc from 'fast-check'
import t from 'tap'
import { AUDIT_ARCH, verdict, X32 } from '../../../test/helpers/bpf.ts'
import { holds } from '../../../test/helpers/property.ts'
import { type HighestCalls, newerUnknown } from '../src/bpf-newer.ts'

/** A filter that answers EPERM to everything, so that what the prologue lets on is seen. */
const REFUSES = Buffer.from('0600000001000500', 'hex')
const before = (...architectures: HighestCalls[]) => Buffer.concat([newerUnknown(architectures), REFUSES])
const { x86_64, i386, aarch64, arm, riscv64 } = AUDIT_ARCH

t.test('a call above the highest one a filter names is unknown; others are for the filter', async t => {
  const program = before({ auditArch: x86_64, highest: 300 })
  for (const [nr, answer] of [
    [0, 'errno 1'],
    [300, 'errno 1'],
    [301, 'errno 38'],
    [0x3fff_ffff, 'errno 38'],
  ] as const)
    t.equal(verdict(program, { arch: x86_64, nr }), answer, `${nr}`)
})

t.test('an architecture that is not listed is left to the filter', async t => {
  const program = before({ auditArch: x86_64, highest: 300 })
  t.equal(verdict(program, { arch: i386, nr: 900 }), 'errno 1')
})

t.test('x32 calls have a limit of their own, and without one are left to the filter', async t => {
  const at = (highestX32: number | undefined, nr: number) =>
    verdict(before({ auditArch: x86_64, highest: 300, highestX32 }), { arch: x86_64, nr })
  t.equal(at(undefined, X32 + 900), 'errno 1')
  t.equal(at(X32 + 400, X32 + 400), 'errno 1')
  t.equal(at(X32 + 400, X32 + 401), 'errno 38')
  t.equal(at(X32 + 400, 301), 'errno 38', 'beside it x86_64 keeps its own')
  const alone = before({ auditArch: x86_64, highest: undefined, highestX32: X32 + 400 })
  t.equal(verdict(alone, { arch: x86_64, nr: 999 }), 'errno 1')
})

t.test('bit 30 means x32 on x86-64 only', async t => {
  const program = before({ auditArch: aarch64, highest: 300 })
  t.equal(verdict(program, { arch: aarch64, nr: X32 + 5 }), 'errno 38')
})

t.test('a filter that names no call has nothing before it', async t => {
  t.equal(newerUnknown([]).length, 0)
  t.equal(newerUnknown([{ auditArch: x86_64, highest: undefined }]).length, 0)
})

t.test('any number of architectures keep to their own limits', async t => {
  const arches = [x86_64, i386, aarch64, arm, riscv64] as const
  const limits = fc.array(fc.option(fc.integer({ min: 1, max: 600 }), { nil: undefined }), {
    minLength: arches.length,
    maxLength: arches.length,
  })
  const property = fc.property(
    limits,
    fc.nat(arches.length - 1),
    fc.nat(700),
    fc.nat(arches.length),
    (highest, which, nr, count) => {
      const listed = arches.slice(0, count).map((auditArch, i) => ({ auditArch, highest: highest[i] }))
      const limit = which < count ? highest[which] : undefined
      const expected = limit !== undefined && nr > limit ? 'errno 38' : 'errno 1'
      return verdict(before(...listed), { arch: arches[which] ?? x86_64, nr }) === expected
    },
  )
  holds(t, property)
})
