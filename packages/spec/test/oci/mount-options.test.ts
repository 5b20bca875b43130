import { isTsboxError } from '@tsbox/errors'
import fc from 'fast-check'
import t from 'tap'
import { holds } from '../../../../test/helpers/property.ts'
import {
  MOUNT_ATTRIBUTES as A,
  MOUNT_OPTIONS,
  type MountOptions,
  parseMountOptions,
  parsePropagation,
} from '../../src/index.ts'

const parse = (...options: readonly string[]) => parseMountOptions(options, 'options')

const NOTHING: MountOptions = {
  bind: false,
  remount: false,
  attributesSet: 0,
  attributesClear: 0,
  recursiveSet: 0,
  recursiveClear: 0,
  propagation: undefined,
  superFlags: [],
  idmap: false,
  copyUp: false,
  data: [],
}

/** The table of config.md, "Linux mount options", row by row. */
const TABLE: readonly (readonly [string, Partial<MountOptions>])[] = [
  ['async', { superFlags: ['async'] }],
  ['atime', { attributesClear: A.anyatime }],
  ['bind', { bind: 'bind' }],
  ['defaults', {}],
  ['dev', { attributesClear: A.nodev }],
  ['diratime', { attributesClear: A.nodiratime }],
  ['dirsync', { superFlags: ['dirsync'] }],
  ['exec', { attributesClear: A.noexec }],
  ['iversion', { superFlags: ['iversion'] }],
  ['lazytime', { superFlags: ['lazytime'] }],
  ['loud', {}],
  ['mand', { superFlags: ['mand'] }],
  ['noatime', { attributesSet: A.noatime, attributesClear: A.anyatime }],
  ['nodev', { attributesSet: A.nodev }],
  ['nodiratime', { attributesSet: A.nodiratime }],
  ['noexec', { attributesSet: A.noexec }],
  ['noiversion', {}],
  ['nolazytime', { superFlags: ['nolazytime'] }],
  ['nomand', { superFlags: ['nomand'] }],
  ['norelatime', { attributesClear: A.anyatime }],
  ['nostrictatime', { attributesClear: A.anyatime }],
  ['nosuid', { attributesSet: A.nosuid }],
  ['nosymfollow', { attributesSet: A.nosymfollow }],
  ['private', { propagation: { type: 'private', recursive: false } }],
  ['ratime', { recursiveClear: A.anyatime }],
  ['rbind', { bind: 'rbind' }],
  ['rdev', { recursiveClear: A.nodev }],
  ['rdiratime', { recursiveClear: A.nodiratime }],
  ['relatime', { attributesClear: A.anyatime }],
  ['remount', { remount: true }],
  ['rexec', { recursiveClear: A.noexec }],
  ['rnoatime', { recursiveSet: A.noatime, recursiveClear: A.anyatime }],
  ['rnodev', { recursiveSet: A.nodev }],
  ['rnodiratime', { recursiveSet: A.nodiratime }],
  ['rnoexec', { recursiveSet: A.noexec }],
  ['rnorelatime', { recursiveClear: A.anyatime }],
  ['rnostrictatime', { recursiveClear: A.anyatime }],
  ['rnosuid', { recursiveSet: A.nosuid }],
  ['rnosymfollow', { recursiveSet: A.nosymfollow }],
  ['ro', { attributesSet: A.rdonly, superFlags: ['ro'] }],
  ['rprivate', { propagation: { type: 'private', recursive: true } }],
  ['rrelatime', { recursiveClear: A.anyatime }],
  ['rro', { recursiveSet: A.rdonly }],
  ['rrw', { recursiveClear: A.rdonly }],
  ['rshared', { propagation: { type: 'shared', recursive: true } }],
  ['rslave', { propagation: { type: 'slave', recursive: true } }],
  ['rstrictatime', { recursiveSet: A.strictatime, recursiveClear: A.anyatime }],
  ['rsuid', { recursiveClear: A.nosuid }],
  ['rsymfollow', { recursiveClear: A.nosymfollow }],
  ['runbindable', { propagation: { type: 'unbindable', recursive: true } }],
  ['rw', { attributesClear: A.rdonly, superFlags: ['rw'] }],
  ['shared', { propagation: { type: 'shared', recursive: false } }],
  ['silent', {}],
  ['slave', { propagation: { type: 'slave', recursive: false } }],
  ['strictatime', { attributesSet: A.strictatime, attributesClear: A.anyatime }],
  ['suid', { attributesClear: A.nosuid }],
  ['symfollow', { attributesClear: A.nosymfollow }],
  ['sync', { superFlags: ['sync'] }],
  ['tmpcopyup', { copyUp: true }],
  ['unbindable', { propagation: { type: 'unbindable', recursive: false } }],
  ['idmap', { idmap: 'idmap' }],
  ['ridmap', { idmap: 'ridmap' }],
]

t.test('every option of the specification does what it says, and is none of the file system', async t => {
  t.strictSame([...MOUNT_OPTIONS].sort(), TABLE.map(([name]) => name).sort())
  for (const [name, wanted] of TABLE) t.strictSame(parse(name), { ...NOTHING, ...wanted }, name)
})

t.test('without options nothing is changed', async t => {
  t.strictSame(parse(), NOTHING)
  t.strictSame(parse('', ','), NOTHING)
})

t.test('what is not known goes to the file system', async t => {
  t.strictSame(parse('mode=755', 'size=65536k', 'newinstance', 'x=', '=y', 'a=b=c', 'rnothing', 'RO').data, [
    ['mode', '755'],
    ['size', '65536k'],
    ['newinstance', undefined],
    ['x', ''],
    ['', 'y'],
    ['a', 'b=c'],
    ['rnothing', undefined],
    ['RO', undefined],
  ])
})

t.test('commas separate data, except in quotes, as with mount(2)', async t => {
  t.strictSame(parse('size=1m,mode=700', 'context="a:b:c:s0:c1,c2"', 'x="').data, [
    ['size', '1m'],
    ['mode', '700'],
    ['context', 'a:b:c:s0:c1,c2'],
    ['x', '"'],
  ])
})

t.test('of two that contradict each other the later one counts', async t => {
  t.match(parse('ro', 'rw'), { attributesSet: 0, attributesClear: A.rdonly, superFlags: ['rw'] })
  t.match(parse('suid', 'nosuid'), { attributesSet: A.nosuid, attributesClear: 0 })
  t.match(parse('noatime', 'strictatime'), { attributesSet: A.strictatime, attributesClear: A.anyatime })
  t.match(parse('strictatime', 'relatime', 'nodev'), { attributesSet: A.nodev, attributesClear: A.anyatime })
  t.match(parse('rnoatime', 'rstrictatime'), { recursiveSet: A.strictatime, recursiveClear: A.anyatime })
  t.match(parse('rro', 'rrw'), { recursiveSet: 0, recursiveClear: A.rdonly })
  t.strictSame(parse('sync', 'lazytime', 'sync', 'async').superFlags, ['lazytime', 'async'])
  t.strictSame(parse('iversion', 'noiversion').superFlags, [])
  t.equal(parse('rbind', 'bind').bind, 'rbind', 'a recursive bind is a bind too')
  t.equal(parse('bind', 'rbind').bind, 'rbind')
  t.equal(parse('idmap', 'ridmap').idmap, 'ridmap')
})

t.test('recursive options leave the others alone', async t => {
  t.match(parse('rro', 'rw', 'rnosuid'), {
    attributesSet: 0,
    attributesClear: A.rdonly,
    recursiveSet: A.rdonly | A.nosuid,
    recursiveClear: 0,
  })
})

t.test('two kinds of propagation contradict each other', async t => {
  t.throws(() => parse('bind', 'slave', 'shared'), { code: 'ERR_TSBOX_CONFIG', step: 'options[2]' })
  t.strictSame(parse('slave', 'rslave').propagation, { type: 'slave', recursive: true })
})

t.test('a NUL byte is refused where it stands', async t => {
  t.throws(() => parse('ro', 'a\0b'), { code: 'ERR_TSBOX_CONFIG', step: 'options[1]' })
})

t.test('propagation is parsed alone too', async t => {
  t.strictSame(parsePropagation('rshared'), { type: 'shared', recursive: true })
  for (const name of ['', 'r', 'rrslave', 'Shared', 'share', 'ro'])
    t.equal(parsePropagation(name), undefined, name)
})

t.test('whatever is combined, the kernel can take what comes out', async t => {
  const options = fc.array(fc.constantFrom(...MOUNT_OPTIONS, 'size=1m'), { maxLength: 12 })
  holds(
    t,
    fc.property(options, given => {
      try {
        const made = parse(...given)
        const atimes = A.noatime | A.strictatime
        return [
          [made.attributesSet, made.attributesClear],
          [made.recursiveSet, made.recursiveClear],
        ].every(([set = 0, clear = 0]) => {
          const overlap = set & clear & ~atimes
          const whole = (clear & A.anyatime) === 0 || (clear & A.anyatime) === A.anyatime
          return overlap === 0 && whole && (set & atimes) !== atimes && ((set & atimes) === 0 || clear > 0)
        })
      } catch (error) {
        return isTsboxError(error, 'ERR_TSBOX_CONFIG')
      }
    }),
    { numRuns: 2000 },
  )
})
