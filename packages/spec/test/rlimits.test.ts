import { isTsboxError } from '@tsbox/errors'
import fc from 'fast-check'
import t from 'tap'
import { holds } from '../../../test/helpers/property.ts'
import { parseRlimit, RLIMITS } from '../src/index.ts'

t.test('a resource limit is a name, a soft limit and a hard one', async t => {
  t.strictSame(parseRlimit('nofile=1024:4096'), { name: 'nofile', soft: 1024, hard: 4096 })
  t.strictSame(parseRlimit('nofile=1024'), { name: 'nofile', soft: 1024, hard: 1024 })
  t.strictSame(parseRlimit('RLIMIT_CORE=0'), { name: 'core', soft: 0, hard: 0 })
  t.strictSame(parseRlimit('Stack=unlimited'), { name: 'stack', soft: 'unlimited', hard: 'unlimited' })
  t.strictSame(parseRlimit('cpu=1:-1'), { name: 'cpu', soft: 1, hard: 'unlimited' })
})

t.test('the order of the names is the numbering of the kernel', async t => {
  t.equal(RLIMITS.indexOf('core'), 4)
  t.equal(RLIMITS.indexOf('nofile'), 7)
  t.equal(RLIMITS.indexOf('rttime'), 15)
  t.equal(RLIMITS.length, 16)
})

t.test('another form, an unknown name, and a soft limit above the hard one are refused', async t => {
  const bad = [
    '',
    'nofile',
    'nofile=',
    '=1',
    'files=1',
    'nofile=1:2:3',
    'nofile=-2',
    'nofile=1.5',
    'nofile=0x10',
  ]
  const more = ['nofile=1e3', 'nofile= 1', 'nofile=1\n', 'nofile=2:1', 'nofile=unlimited:1', 'nofile=1k']
  for (const text of [...bad, ...more, 'constructor=1', 'nofile=9999999999999999', 'ſize=1']) {
    t.throws(() => parseRlimit(text), { code: 'ERR_TSBOX_SPEC', step: 'ulimit' }, JSON.stringify(text))
  }
})

t.test('what is let through is what was written, exactly', async t => {
  const amount = fc.oneof(fc.integer({ min: 0, max: 1e14 }), fc.constant('unlimited' as const))
  const above = (a: number | 'unlimited', b: number | 'unlimited') =>
    b !== 'unlimited' && (a === 'unlimited' || a > b)
  holds(
    t,
    fc.property(fc.constantFrom(...RLIMITS), amount, amount, (name, soft, hard) => {
      try {
        const limit = parseRlimit(`${name}=${soft}:${hard}`)
        return limit.name === name && limit.soft === soft && limit.hard === hard && !above(soft, hard)
      } catch (error) {
        return isTsboxError(error, 'ERR_TSBOX_SPEC') && above(soft, hard)
      }
    }),
  )
})
