import { constants } from 'node:os'
import { isTsboxError } from '@tsbox/errors'
import fc from 'fast-check'
import t from 'tap'
import { holds } from '../../../test/helpers/property.ts'
import { parseSignal, signalName } from '../src/index.ts'

t.test('a signal is known by name, in any case, with or without SIG, and by number', async t => {
  for (const [name, number] of Object.entries(constants.signals)) {
    for (const text of [name, name.slice(3), name.toLowerCase(), String(number), number]) {
      t.equal(parseSignal(text), number, String(text))
    }
  }
})

t.test('a number becomes its name again, and one without a name is told by number', async t => {
  t.equal(signalName(9), 'SIGKILL')
  t.equal(signalName(15), 'SIGTERM')
  t.equal(signalName(40), 'signal 40')
})

t.test('signals that do not exist are refused', async t => {
  for (const value of [
    0,
    65,
    -1,
    1.5,
    Number.NaN,
    '',
    'SIG',
    'SIGSIGTERM',
    'TERM\n',
    ' 15',
    '+15',
    '0x0f',
    '1e1',
  ]) {
    t.throws(() => parseSignal(value), { code: 'ERR_TSBOX_SPEC', step: 'stopSignal' }, JSON.stringify(value))
  }
  for (const value of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    t.throws(() => parseSignal(value), { code: 'ERR_TSBOX_SPEC' }, value)
  }
})

t.test('whatever is given, only 1 to 64 come out', async t => {
  holds(
    t,
    fc.property(fc.oneof(fc.string(), fc.double(), fc.maxSafeInteger()), value => {
      try {
        const number = parseSignal(value)
        return Number.isInteger(number) && number >= 1 && number <= 64
      } catch (error) {
        return isTsboxError(error, 'ERR_TSBOX_SPEC')
      }
    }),
    { numRuns: 1000 },
  )
})
