import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { libseccompFile, seccompVersion } from '../src/index.ts'

t.test('the version is that of the library, 2.4 or newer', async t => {
  const [major, minor, micro] = seccompVersion().split('.').map(Number)
  t.equal(major, 2)
  t.ok((minor ?? 0) >= 4 && micro !== undefined, seccompVersion())
})

t.test('the file it comes from is told with what changes when it is replaced', async t => {
  const [path, size, time] = (libseccompFile() ?? '').split(' ')
  const stat = statSync(path ?? '')
  t.match(path, /^\/.*\/libseccomp\.so\.2$/)
  t.equal(Number(size), stat.size)
  t.equal(Number(time), stat.mtimeMs)
})

/** The native libraries a program has loaded at its end. */
const loadedBy = (script: string): readonly string[] => {
  const index = join(import.meta.dirname, '..', 'src', 'index.ts')
  const report = 'console.log(JSON.stringify(process.report.getReport().sharedObjects))'
  const text = `import * as sys from ${JSON.stringify(index)}\n${script}\n${report}`
  // `env -i`: the test runner would load modules of its own into a Node it sees started.
  const args = ['--conditions=@tsbox/source', '--input-type=module-typescript', '-e', text]
  const paths: readonly string[] = JSON.parse(
    execFileSync('env', ['-i', process.execPath, ...args], { encoding: 'utf8' }),
  )
  return paths.filter(path => /seccomp|koffi/.test(path))
}

t.test('nothing native is loaded before a filter is compiled', async t => {
  t.same(loadedBy('sys.libseccompFile()'), [])
  t.ok(loadedBy('sys.seccompVersion()').length >= 2, 'when one is, koffi and libseccomp are')
})
