import { isTsboxError } from '@tsbox/errors'
import fc from 'fast-check'
import t from 'tap'
import { holds } from '../../../../test/helpers/property.ts'
import {
  hostPath,
  ioMax,
  keyValue,
  network,
  setEnv,
  tmpfs,
  user,
  volume,
  wholeNumber,
} from '../../src/commands/run-values.ts'

t.test('a user is one or two plain numbers, and never root by accident (D8, D9)', async t => {
  for (const [text, wanted] of [
    ['1', { uid: 1, gid: 1 }],
    ['1:2', { uid: 1, gid: 2 }],
    ['0', { uid: 0, gid: 0 }],
    ['65534', { uid: 65534, gid: 65534 }],
    ['01', { uid: 1, gid: 1 }],
    ['2147483647', { uid: 2147483647, gid: 2147483647 }],
  ] as const) {
    t.strictSame(user(text), wanted, text)
  }
  const bad = ['', ' 1', '1 ', '+1', '-1', '0x1', '1e3', '1.0', 'root', '1000:', ':5', '1:2:3', '1\n', '１']
  const large = ['2147483648', '4294967295', '4294967296', '99999999999999999999', '0:4294967296', '1:-1']
  for (const text of [...bad, ...large]) {
    t.throws(() => user(text), { code: 'ERR_TSBOX_USAGE', step: '--user' }, JSON.stringify(text))
  }
  holds(
    t,
    fc.property(fc.oneof(fc.string(), fc.bigInt().map(String)), text => {
      try {
        const { uid } = user(text)
        return BigInt(text.split(':')[0]!) === BigInt(uid)
      } catch (error) {
        return isTsboxError(error, 'ERR_TSBOX_USAGE')
      }
    }),
  )
})

t.test('an empty path is refused: of a variable that was not set, nothing is mounted', async t => {
  t.equal(hostPath('a', '--rootfs'), `${process.cwd()}/a`)
  t.throws(() => hostPath('', '--rootfs'), { code: 'ERR_TSBOX_USAGE', step: '--rootfs' })
})

t.test('a volume is a source, a target and whether it is read-only', async t => {
  t.strictSame(volume('/a:/b'), { source: '/a', target: '/b', readOnly: false })
  t.strictSame(volume('/a:/b:ro'), { source: '/a', target: '/b', readOnly: true })
  t.strictSame(volume('/a:/b:rw'), { source: '/a', target: '/b', readOnly: false })
  t.strictSame(
    volume('/a:b:/c:ro'),
    { source: '/a:b', target: '/c', readOnly: true },
    'a source may hold a colon',
  )
  t.strictSame(volume('/a\nb:/c'), { source: '/a\nb', target: '/c', readOnly: false }, 'and anything else')
  t.strictSame(volume('.:/b').source, process.cwd(), 'and be relative to here')
  for (const text of ['', '/a', ':/b', '/a:']) {
    t.throws(() => volume(text), { code: 'ERR_TSBOX_USAGE', step: '--volume' }, text)
  }
})

t.test('a memory file system is a place, and perhaps a size and a mode', async t => {
  t.strictSame(tmpfs('/t'), { target: '/t' })
  t.strictSame(tmpfs('/t:'), { target: '/t' })
  t.strictSame(tmpfs('/t:size=1m'), { target: '/t', size: '1m' })
  t.strictSame(tmpfs('/t:mode=1777,size=5'), { target: '/t', size: '5', mode: 0o1777 })
  for (const text of [
    '/t:size',
    '/t:size=',
    '/t:mode',
    '/t:mode=',
    '/t:mode=8',
    '/t:mode=17777',
    '/t:uid=0',
    '/t:__proto__=1',
  ]) {
    t.throws(() => tmpfs(text), { code: 'ERR_TSBOX_USAGE', step: '--tmpfs' }, text)
  }
  t.strictSame(
    tmpfs('/t:size=1m:mode=700').size,
    '1m:mode=700',
    'nothing is dropped: the size is refused later',
  )
})

t.test('a limit on a disk is a device and at least one rate', async t => {
  t.strictSame(ioMax('8:0,rbps=1m'), { device: '8:0', rbps: '1m' })
  t.strictSame(ioMax('8:0,riops=100,wiops=max'), { device: '8:0', riops: 100, wiops: 'max' })
  for (const text of [
    '',
    '8:0',
    '8,rbps=1',
    '/dev/sda,rbps=1',
    '8:0,rbps',
    '8:0,rbps=',
    '8:0,speed=1',
    '8:0,,rbps=1',
  ]) {
    t.throws(() => ioMax(text), { code: 'ERR_TSBOX_USAGE', step: '--io-max' }, text)
  }
  t.throws(() => ioMax('8:0,riops=1k'), { code: 'ERR_TSBOX_SIZE', step: '--io-max' })
})

t.test('a whole number is digits', async t => {
  t.equal(wholeNumber('20', '--pids'), 20)
  for (const text of ['', '-1', '+1', '1.5', '0x10', '1e3', ' 1', '1\n', '9'.repeat(16)]) {
    t.throws(
      () => wholeNumber(text, '--pids'),
      { code: 'ERR_TSBOX_SIZE', step: '--pids' },
      JSON.stringify(text),
    )
  }
})

t.test('a network is one of two', async t => {
  t.strictSame([network('none'), network('host')], ['none', 'host'])
  for (const text of ['', 'None', 'bridge', 'constructor']) {
    t.throws(() => network(text), { code: 'ERR_TSBOX_USAGE', step: '--net' })
  }
})

t.test('a variable without a value is the caller’s own, and only that', async t => {
  const env: Record<string, string> = Object.create(null)
  process.env.TSBOX_TEST_OWN = 'mine'
  t.teardown(() => delete process.env.TSBOX_TEST_OWN)
  for (const text of ['TSBOX_TEST_OWN', 'TSBOX_TEST_NONE', 'toString', 'A=', 'B==', '__proto__=p'])
    setEnv(env, text)
  t.strictSame(Object.entries(env), [
    ['TSBOX_TEST_OWN', 'mine'],
    ['A', ''],
    ['B', '='],
    ['__proto__', 'p'],
  ])
})

t.test('a key and its value part at the first =', async t => {
  t.strictSame(keyValue('a=b=c', '--sysctl'), ['a', 'b=c'])
  t.strictSame(keyValue('a=', '--sysctl'), ['a', ''])
  t.throws(() => keyValue('a', '--sysctl'), { code: 'ERR_TSBOX_USAGE', step: '--sysctl' })
})
