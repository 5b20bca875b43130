import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { isTerminal } from '../src/terminal.ts'

const answer = (path: string): boolean => {
  const fd = openSync(path, 'r+')
  try {
    return isTerminal(fd)
  } finally {
    closeSync(fd)
  }
}

t.test('a terminal is one', async t => {
  t.equal(answer('/dev/ptmx'), true)
})

t.test('files and other devices are none, and neither is what is not open', async t => {
  t.equal(answer('/dev/null'), false)
  t.equal(answer('/dev/zero'), false)
  t.equal(answer(join(t.testdir({ file: '' }), 'file')), false)
  t.equal(isTerminal(9999), false)
})
