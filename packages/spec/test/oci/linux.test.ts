import t from 'tap'
import { read, refuses } from './documents.ts'

const given = (linux: Readonly<Record<string, unknown>>) => ({ linux })

t.test('what tsbox does not support is refused, however little of it is said', async t => {
  for (const value of [{}, { closID: 'x' }, 5])
    refuses(t, [
      ['linux.intelRdt', given({ intelRdt: value })],
      ['linux.memoryPolicy', given({ memoryPolicy: value })],
    ])
  t.ok(read(given({ intelRdt: null })), 'null is not there')
})

t.test('a path of cgroups stays where it is said', async t => {
  for (const cgroupsPath of ['/a/b', 'a/b', '/a..b/...', 'system.slice:docker:0123'])
    t.equal(read(given({ cgroupsPath })).linux.cgroupsPath, cgroupsPath)
  t.equal(read(given({ cgroupsPath: '' })).linux.cgroupsPath, undefined)
  refuses(
    t,
    ['/a/../b', '..', '../a', 'a/..', '/a\0', '/a\nb', '/'.repeat(4096), 5].map(cgroupsPath => [
      'linux.cgroupsPath',
      given({ cgroupsPath }),
    ]),
  )
})

t.test('the propagation of the root is one of four, also recursive', async t => {
  for (const rootfsPropagation of ['private', 'rslave', 'shared', 'runbindable'])
    t.equal(read(given({ rootfsPropagation })).linux.rootfsPropagation, rootfsPropagation)
  t.equal(read(given({ rootfsPropagation: '' })).linux.rootfsPropagation, undefined)
  refuses(
    t,
    ['ro', 'slaves', 7].map(rootfsPropagation => ['linux.rootfsPropagation', given({ rootfsPropagation })]),
  )
})

t.test('masked and read-only paths are absolute', async t => {
  for (const field of ['maskedPaths', 'readonlyPaths'] as const) {
    t.strictSame(read(given({ [field]: ['/proc/kcore', '/a/../b'] })).linux[field], [
      '/proc/kcore',
      '/a/../b',
    ])
    refuses(
      t,
      ['proc/kcore', '', '/a\0', 5].map(path => [`linux.${field}[1]`, given({ [field]: ['/a', path] })]),
    )
  }
})

t.test('a personality has a domain and no flags', async t => {
  t.strictSame(read(given({ personality: { domain: 'LINUX32', flags: [] } })).linux.personality, {
    domain: 'LINUX32',
    flags: [],
  })
  refuses(t, [
    ['linux.personality.domain', given({ personality: {} })],
    ['linux.personality.domain', given({ personality: { domain: 'PER_LINUX' } })],
    ['linux.personality.flags[0]', given({ personality: { domain: 'LINUX', flags: ['ADDR_NO_RANDOMIZE'] } })],
  ])
})

t.test('a label of mounts is text, and an empty one is none', async t => {
  t.equal(read(given({ mountLabel: 'a:b:c:d' })).linux.mountLabel, 'a:b:c:d')
  t.notOk('mountLabel' in read(given({ mountLabel: '' })).linux)
  refuses(t, [['linux.mountLabel', given({ mountLabel: 'a\0' })]])
})
