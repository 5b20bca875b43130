import t from 'tap'
import { ERROR_CODES, isTsboxError, TsboxError } from '../src/index.ts'

t.test('an error carries code, hint, cause and the exit status of its code', async t => {
  const cause = new Error('EACCES')
  const error = new TsboxError('ERR_TSBOX_NOT_FOUND', 'no such program', {
    hint: 'install it',
    cause,
    step: 'exec',
  })
  t.match(error, {
    code: 'ERR_TSBOX_NOT_FOUND',
    hint: 'install it',
    step: 'exec',
    name: 'TsboxError',
    exitStatus: 127,
  })
  t.equal(error.cause, cause)
  t.ok(isTsboxError(error))
  t.ok(isTsboxError(error, 'ERR_TSBOX_NOT_FOUND'))
  t.notOk(isTsboxError(error, 'ERR_TSBOX_SPEC'))
  t.notOk(isTsboxError(cause))
})

t.test('every code has an exit status of ours and a sentence', async t => {
  for (const [code, { exit, summary }] of Object.entries(ERROR_CODES)) {
    t.ok([1, 125, 126, 127].includes(exit), code)
    t.match(summary, /^[A-Z].*\.$/, code)
  }
})

t.test('an error of another copy of this package is known by its name and code', async t => {
  const foreign = Object.assign(new Error('x'), { code: 'ERR_TSBOX_SPEC' })
  foreign.name = 'TsboxError'
  t.ok(isTsboxError(foreign, 'ERR_TSBOX_SPEC'))
  t.notOk(isTsboxError(foreign, 'ERR_TSBOX_USAGE'))
})

t.test('what only looks like one of our errors is none', async t => {
  for (const other of [undefined, null, 'TsboxError', 42, { name: 'TsboxError', code: 'ERR_TSBOX_SPEC' }]) {
    t.notOk(isTsboxError(other), String(other))
  }
})

t.test('an error without a cause has none, not one that is undefined', async t => {
  t.notOk('cause' in new TsboxError('ERR_TSBOX_SPEC', 'x'))
  t.match(new TsboxError('ERR_TSBOX_SPEC', 'x').stack, /^TsboxError: x\n/)
})
