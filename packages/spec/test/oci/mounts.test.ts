import fc from 'fast-check'
import t from 'tap'
import { holds } from '../../../../test/helpers/property.ts'
import { read, refuses, withMount } from './documents.ts'

const tmpfs = (destination: unknown) => withMount({ destination, type: 'tmpfs' })
const bind = (destination: unknown, options: readonly string[] = ['bind']) =>
  withMount({ destination, source: '/src', options })
const destinationOf = (changes: ReturnType<typeof tmpfs>) => read(changes).mounts?.[0]?.destination

t.test('mounts keep their order, and one place may have several', async t => {
  const mounts = [
    { destination: '/a', type: 'tmpfs', source: 'x', options: ['size=1m'] },
    { destination: '/b', source: '/src', options: ['rbind', 'ro'] },
    { destination: '/a', type: 'none', source: 'relative/to/bundle', options: ['bind'] },
  ]
  t.strictSame(read({ mounts }).mounts, mounts)
})

t.test('a destination comes in one form, below the root whatever is in it', async t => {
  for (const [given, wanted] of [
    ['/a/b', '/a/b'],
    ['a/b', '/a/b'],
    ['//a/./b/', '/a/b'],
    ['/../../a', '/a'],
    ['/a/../b', '/b'],
    ['../a', '/a'],
  ] as const) {
    t.equal(destinationOf(tmpfs(given)), wanted, given)
  }
  const part = fc.constantFrom('a', '..', '.', '', 'b..', '...')
  holds(
    t,
    fc.property(fc.array(part, { maxLength: 8 }), parts => {
      const path = `x/${parts.join('/')}/y`
      const made = destinationOf(tmpfs(path)) ?? ''
      return (
        made.startsWith('/') &&
        made
          .split('/')
          .slice(1)
          .every(each => !['', '.', '..'].includes(each))
      )
    }),
  )
})

t.test('nothing is mounted on the root itself (B23)', async t => {
  refuses(
    t,
    ['/', '/.', '//', '/../', 'a/..', '.', '', undefined, 7, '/a\0'].map(path => [
      'mounts[0].destination',
      tmpfs(path),
    ]),
  )
})

t.test('only proc, or a bind, is mounted on /proc (B2, B5)', async t => {
  t.ok(read(withMount({ destination: '/proc', type: 'proc', source: 'proc' })))
  t.ok(read(withMount({ destination: '/x/../proc/', type: 'proc' })))
  t.ok(read(bind('/proc')), 'what a bind brings is looked at once it is open')
  t.ok(read(withMount({ destination: '/proc', options: ['remount', 'ro'] })))
  refuses(t, [
    ['mounts[0].destination', tmpfs('/proc')],
    ['mounts[0].destination', tmpfs('proc')],
    ['mounts[0].destination', tmpfs('/x/../proc/.')],
    ['mounts[0].destination', withMount({ destination: '/proc', type: 'sysfs' })],
  ])
})

t.test('below /proc only a few files are covered, by a bind (B2, B5)', async t => {
  for (const file of [
    'cpuinfo',
    'diskstats',
    'meminfo',
    'stat',
    'swaps',
    'uptime',
    'loadavg',
    'slabinfo',
    'net/dev',
  ])
    t.ok(read(bind(`/proc/${file}`)), file)
  for (const file of ['sys/kernel/ns_last_pid', 'sys/crypto/fips_enabled'])
    t.ok(read(bind(`/proc/./${file}`)), file)
  t.ok(read(withMount({ destination: '/proc/uptime', type: 'bind', source: '/x' })), 'by the type alone')
  refuses(t, [
    ...[
      'self',
      'self/attr',
      'self/attr/current',
      '1',
      'sys',
      'sys/kernel',
      'sysrq-trigger',
      'cpuinfo/x',
      'net',
    ].map(file => ['mounts[0].destination', bind(`/proc/${file}`)] as const),
    ['mounts[0].destination', tmpfs('/proc/cpuinfo')],
    ['mounts[0].destination', withMount({ destination: '/proc/self', type: 'proc' })],
    ['mounts[0].destination', bind('/proc/cpuinfo/../self')],
    ['mounts[0].destination', withMount({ destination: '/proc/uptime', options: ['remount'] })],
  ])
  t.ok(read(tmpfs('/process')), 'what only begins like it is no part of it')
})

t.test('a file system has a type, a bind mount a source', async t => {
  refuses(t, [
    ['mounts[0].type', withMount({ destination: '/a', source: 'x' })],
    ['mounts[0].type', withMount({ destination: '/a', type: '' })],
    ['mounts[0].type', withMount({ destination: '/a', type: 5 })],
    ['mounts[0].source', withMount({ destination: '/a', options: ['rbind'] })],
    ['mounts[0].source', withMount({ destination: '/a', type: 'bind' })],
    ['mounts[0].source', withMount({ destination: '/a', source: '', options: ['bind'] })],
    ['mounts[0].source', withMount({ destination: '/a', source: '/b\0c', options: ['bind'] })],
    ['mounts[0].type', withMount({ destination: '/a', type: 'tmpfs\0' })],
    ['mounts[0].options', withMount({ destination: '/a', type: 'tmpfs', options: 'ro' })],
    ['mounts[0].options[1]', withMount({ destination: '/a', type: 'tmpfs', options: ['ro', 'size=1\0'] })],
    ['mounts[0]', { mounts: ['/a'] }],
  ])
  t.ok(read(withMount({ destination: '/a', options: ['remount', 'bind', 'ro'] })), 'a remount needs neither')
})

t.test('only a tmpfs begins with what the directory held', async t => {
  t.ok(read(withMount({ destination: '/a', type: 'tmpfs', options: ['tmpcopyup'] })))
  refuses(t, [
    ['mounts[0].options', withMount({ destination: '/a', type: 'proc', options: ['tmpcopyup'] })],
    ['mounts[0].options', bind('/a', ['bind', 'tmpcopyup'])],
  ])
})

t.test('contradicting kinds of propagation are refused where they stand', async t => {
  refuses(t, [['mounts[0].options[2]', bind('/a', ['rbind', 'rslave', 'shared'])]])
})
