import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkRoot, makeRoot } from '../../src/oci/trust.ts'

t.test('a state root is made with what lies above it, for its owner alone', async t => {
  const root = join(t.testdir({}), 'a', 'root')
  makeRoot(root)
  t.equal(statSync(root).mode & 0o7777, 0o700)
  makeRoot(root)
})

t.test('a root that comes and goes with the containers of others can be made at any moment', async t => {
  const root = join(t.testdir({}), 'root')
  const other = spawn(process.execPath, [
    '-e',
    `for (;;) { try { require('fs').mkdirSync(${JSON.stringify(root)}) } catch {}
      try { require('fs').rmdirSync(${JSON.stringify(root)}) } catch {} }`,
  ])
  try {
    for (let tries = 0; tries < 1000 && !existsSync(root); tries++)
      await new Promise(resolve => setTimeout(resolve, 1))
    const end = Date.now() + 1000
    while (Date.now() < end) makeRoot(root)
  } finally {
    other.kill('SIGKILL')
    await once(other, 'exit')
  }
})

t.test('a root that others own or can write is refused', async t => {
  const dir = t.testdir({})
  const root = join(dir, 'root')
  mkdirSync(root)
  checkRoot(root)
  chmodSync(root, 0o777)
  t.throws(() => makeRoot(root), { code: 'ERR_TSBOX_STATE', step: root })
  chmodSync(root, 0o700)
  chownSync(root, 12345, 0)
  t.throws(() => makeRoot(root), { code: 'ERR_TSBOX_STATE', message: /belongs to user 12345/ })
  checkRoot(join(dir, 'none'))
})
