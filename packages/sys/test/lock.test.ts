import { closeSync, openSync } from 'node:fs'
import t from 'tap'
import { tryLock } from '../src/index.ts'

t.test('a lock is held by one open directory at a time, and given back on close', async t => {
  const dir = t.testdir()
  const first = openSync(dir, 'r')
  const second = openSync(dir, 'r')
  t.equal(tryLock(first), true)
  t.equal(tryLock(second), false)
  closeSync(first)
  t.equal(tryLock(second), true)
  closeSync(second)
})

t.test('a descriptor that is not open is an error', async t => {
  t.throws(() => tryLock(9999), /errno 9/)
})
