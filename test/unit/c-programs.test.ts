import { globSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '../..')
const sources = globSync('shim-c/test/*_test.c', { cwd: root }).sort()

// The plain build is what ships; the other one ends a program at its first wrong access or undefined behaviour.
for (const build of ['test', 'asan/test']) {
  for (const source of sources) {
    const name = source.replace(/^.*\//, '').replace(/\.c$/, '')
    const program = join(root, 'build', build, name)
    t.spawn(
      program,
      [],
      { cwd: root, env: { ...process.env, TSBOX_BUILD: join(root, 'build') } },
      `${build}/${name}`,
    )
  }
}
t.ok(sources.length > 0, 'there are C tests')
