import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { locateShim } from '../src/index.ts'

t.test('the shim is found, is a program for this machine, and needs no library', async t => {
  const path = locateShim()
  t.ok(statSync(path).mode & 0o111, path)
  const elf = readFileSync(path)
  t.equal(elf.toString('latin1', 0, 4), '\x7fELF')
  t.equal(elf.readUInt16LE(18), { x64: 62, arm64: 183 }[process.arch as 'x64'], 'of this architecture')
  t.notMatch(elf.toString('latin1'), /\/lib64\/ld-linux|\/lib\/ld-/, 'static')
})

t.test('the environment has no say in which shim is started', async t => {
  const script = `import { locateShim } from ${JSON.stringify(join(import.meta.dirname, '../src/index.ts'))}
    process.stdout.write(locateShim())`
  const dir = t.testdir({ 'tsbox-shim': 'not this one' })
  const found = execFileSync(
    process.execPath,
    ['--conditions=@tsbox/source', '--input-type=module', '--eval', script],
    {
      cwd: dir,
      env: { PATH: dir, TSBOX_SHIM: join(dir, 'tsbox-shim'), NODE_PATH: dir, HOME: dir },
      encoding: 'utf8',
    },
  )
  t.equal(found, locateShim())
})
