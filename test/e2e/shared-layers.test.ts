// One upper layer belongs to one box at a time, and a read-only root is read-only all the way down.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { boxTests } from '../helpers/box-test.ts'
import { command, outcomeOf, tsbox } from '../helpers/command.ts'
import { startBox } from '../helpers/live-box.ts'
import { quoted } from '../helpers/pty.ts'
import { probeRootfs } from '../helpers/rootfs.ts'

const test = boxTests(import.meta.filename)

await test('a second box with the same --upper is refused, and the first keeps writing', async ({
  t,
  dir,
  name,
}) => {
  const layer = probeRootfs(join(dir, 'layer'))
  const upper = join(dir, 'upper')
  mkdirSync(upper)
  const layers = ['--layer', layer, '--upper', upper]
  const first = startBox(['run', '--name', name('a'), ...layers, '/bin/probe', 'signal'])
  await first.until(/ready/)
  const second = await tsbox(['run', '--name', name('b'), ...layers, '/bin/probe', 'true'])
  t.equal(second.status, 125)
  t.match(second.stderr, /in use by another box \[ERR_TSBOX_ROOTFS\]/)
  first.child.kill('SIGTERM')
  await first.ended
  const third = await tsbox(['run', '--name', name('c'), ...layers, '/bin/probe', 'write', '/kept', 'yes'])
  t.equal(third.status, 0, third.stderr)
  t.match(readFileSync(join(upper, 'kept'), 'utf8'), 'yes')
})

await test('--read-only covers what is mounted inside the directory too', async ({ t, dir, name }) => {
  const rootfs = probeRootfs(join(dir, 'root'))
  const data = join(dir, 'data')
  mkdirSync(data)
  mkdirSync(join(rootfs, 'data'))
  writeFileSync(join(data, 'file'), 'host')
  const run = (box: string, ...more: string[]) =>
    [
      command(),
      'run',
      '--name',
      name(box),
      '--rootfs',
      rootfs,
      ...more,
      '/bin/probe',
      'write',
      '/data/file',
      'box',
    ]
      .map(quoted)
      .join(' ')
  const bind = `mount --bind ${quoted(data)} ${quoted(join(rootfs, 'data'))}`
  const inside = (shell: string) => outcomeOf('unshare', ['-m', 'sh', '-c', `${bind} && ${shell}`])
  await inside(run('a', '--read-only'))
  t.equal(readFileSync(join(data, 'file'), 'utf8'), 'host', 'nothing was written')
  await inside(run('b'))
  t.match(readFileSync(join(data, 'file'), 'utf8'), 'box', 'without --read-only it is')
})

await test('a directory of the host as a standard stream is refused: it would be a way out', async ({
  t,
  name,
}) => {
  const { status, stderr } = await outcomeOf('sh', [
    '-c',
    `${quoted(command())} run --name ${name()} true </`,
  ])
  t.equal(status, 125)
  t.match(stderr, /must not be directories/)
})
