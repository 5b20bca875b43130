import fc from 'fast-check'
import { type Kind, OPS, type Op, type OpRow, type Plan, PROTOCOL } from '../src/index.ts'

/** Text or bytes without a NUL: text is any a file name can be, bytes are such that are no text. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }).map(s => Buffer.from(s.replaceAll('\0', '')).toString()),
  fc
    .uint8Array({ min: 1, minLength: 1, maxLength: 20 })
    .map(bytes => Buffer.from(bytes))
    .filter(bytes => !Buffer.from(bytes.toString('utf8')).equals(bytes)),
)

const u32 = fc.oneof(fc.nat(0xffff_ffff), fc.constantFrom(0, 1, 0xff, 0x100, 0x7fff_ffff, 0xffff_ffff))

const VALUES: Record<Kind, fc.Arbitrary<unknown>> = {
  u32,
  slot: fc.oneof(fc.nat(PROTOCOL.maxSlots - 1), fc.constant(PROTOCOL.noSlot)),
  u64: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
  str: text,
  'str?': fc.option(text),
  strs: fc.array(text, { maxLength: 5 }),
  u32s: fc.array(u32, { maxLength: 5 }),
  bytes: fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes)),
}

const opOf = ([name, row]: [string, OpRow]): fc.Arbitrary<Op> =>
  fc
    .record(Object.fromEntries(row.fields.map(([field, kind]) => [field, VALUES[kind]])))
    .map(fields => ({ op: name, ...fields }) as unknown as Op)

const chapter = (letter: string): fc.Arbitrary<readonly Op[]> =>
  fc.array(
    fc.oneof(
      ...Object.entries(OPS)
        .filter(([, row]) => row.chapters.includes(letter))
        .map(opOf),
    ),
    { maxLength: 8 },
  )

/** Any plan the shim would take. */
export const anyPlan: fc.Arbitrary<Plan> = fc.record({
  outer: chapter('O'),
  inner: chapter('I'),
  teardown: chapter('T'),
})
