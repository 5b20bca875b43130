import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { logLine } from '../../src/report/oci-log.ts'

const EVIL = 'a\u001b[2J\u009b31m\u202e\nlevel=error'

t.test('a log has one line for each message, in which nothing drives a terminal', async t => {
  for (const logFormat of ['text', 'json']) {
    const log = join(t.testdir(), 'log')
    logLine('error', EVIL, { log, logFormat })
    logLine('warning', 'second', { log, logFormat })
    const text = readFileSync(log, 'utf8')
    const [first = '', second = '', end] = text.split('\n')
    t.equal(end, '')
    for (const each of ['\u001b', '\u009b', '\u202e']) t.notOk(text.includes(each))
    if (logFormat === 'json') t.match(JSON.parse(first), { level: 'error', msg: EVIL })
    else t.match(first, /^time="[^"]+" level=error msg="a\\u001b\[2J\\u009b31m\\u202e\\nlevel=error"$/)
    t.match(second, /second/)
  }
})

t.test('a link of the caller’s is followed, and what is there is kept', async t => {
  const dir = t.testdir()
  writeFileSync(join(dir, 'file'), 'before\n')
  symlinkSync('file', join(dir, 'log'))
  logLine('error', 'words', { log: join(dir, 'log'), logFormat: 'text' })
  t.match(readFileSync(join(dir, 'file'), 'utf8'), /^before\n.*words/)
})

t.test('a log that cannot be written is no failure of its own', async () => {
  logLine('error', 'words', { log: '/none/log', logFormat: 'text' })
  logLine('error', 'words', { log: undefined, logFormat: 'text' })
})
