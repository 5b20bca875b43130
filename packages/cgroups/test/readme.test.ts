import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { directoriesAt } from './scratch.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

t.test('the program in the README runs as it says, and leaves nothing', async t => {
  const [, program = ''] = /```js\n(import .*?)```/s.exec(readme) ?? []
  const node = spawn(
    process.execPath,
    ['--conditions=@tsbox/source', '--input-type=module', '--eval', program],
    {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const [output, [code]] = await Promise.all([text(node.stdout), once(node, 'exit')])
  t.equal(code, 0)
  const [, promised] = /It prints `([^`]+)`/.exec(readme) ?? []
  t.equal(output, `${promised}\n`)
  t.same(directoriesAt('/demo'), [])
})

t.test('every limit and every event in the code is in the README', async t => {
  const limits = readFileSync(new URL('../src/limits.ts', import.meta.url), 'utf8')
  let fields = 0
  for (const [, section, body] of limits.matchAll(/^export interface (\w+)Limits \{\n(.*?)^\}/gms)) {
    for (const [, field] of body!.matchAll(/^ {2}readonly (\w+)\?/gm)) {
      t.ok(readme.includes(`\`${section!.toLowerCase()}.${field}`), `${section}.${field}`)
      fields++
    }
  }
  t.ok(fields > 10, 'the fields were found')
  for (const kind of ['oom', 'memory-high', 'pids-limit', 'populated']) {
    t.match(readme, new RegExp(`^\\| \`${kind}\` +\\|`, 'm'), kind)
  }
})
