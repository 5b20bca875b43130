// A plan travels in the environment of execve, which Node cannot come back from when the kernel refuses it.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { boxTests } from '../helpers/box-test.ts'
import { command, outcomeOf } from '../helpers/command.ts'

const test = boxTests(import.meta.filename)

/** `tsbox run` below a stack limit in KiB: a quarter of it is what execve takes. */
const withStack = (kib: number, args: readonly string[]) =>
  outcomeOf('sh', ['-c', `ulimit -S -s ${kib} && exec "$0" "$@"`, command(), 'run', ...args])

await test('a plan that the stack limit leaves no room for is refused in words, not by an abort', async ({
  t,
  dir,
  name,
}) => {
  const file = join(dir, 'env')
  writeFileSync(file, Array.from({ length: 4 }, (_, i) => `L${i}=${'x'.repeat(100_000)}\n`).join(''))
  const { status, stderr } = await withStack(1024, ['--name', name('big'), '--env-file', file, 'true'])
  t.equal(status, 125)
  t.match(stderr, /too large to hand over.*ERR_TSBOX_SPEC/)
  t.match(stderr, /ulimit -s/)
  t.equal(stderr.trimEnd().split('\n').length, 2)
})

await test('a large plan runs where there is room for it', async ({ t, name }) => {
  const long = Array.from({ length: 8 }, (_, i) => ['-e', `L${i}=${'x'.repeat(100_000)}`]).flat()
  const { status, stdout } = await withStack(8192, [
    '--name',
    name('room'),
    ...long,
    'bash',
    '-c',
    'printenv L7 | wc -c',
  ])
  t.equal(stdout, '100001\n')
  t.equal(status, 0)
})
