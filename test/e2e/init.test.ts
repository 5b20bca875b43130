// --init: a process 1 that forwards signals and reaps what the program leaves behind.
import { boxTests } from '../helpers/box-test.ts'
import { tsbox } from '../helpers/command.ts'
import { childrenOf, commOf, membersOf, startBox } from '../helpers/live-box.ts'

const test = boxTests(import.meta.filename)

await test('the program is process 2, and process 1 is a small program of ours', async ({ t, inProbe }) => {
  const { stdout } = await tsbox(['run', '--init', ...inProbe('a'), '/bin/probe', 'status'])
  t.match(stdout, /^Pid:\t2$/m)
  t.match(stdout, /^PPid:\t1$/m)
  const live = startBox(['run', '--init', ...inProbe('b'), '/bin/probe', 'signal'])
  await live.until(/ready/)
  const { init = 0 } = membersOf(live.pid)
  t.equal(commOf(init), 'tsbox-init')
  t.equal(childrenOf(init).length, 1)
  live.child.kill('SIGTERM')
  t.equal((await live.ended).status, 0)
})

await test('orphans are reaped: none stays a zombie', async ({ t, name }) => {
  // An orphan that ends is a zombie until process 1 waits for it.
  const script =
    'for i in 1 2 3 4 5 6 7 8; do (sleep 0.05 & ); done; sleep 0.4; grep -l "^State:.Z" /proc/[0-9]*/status | wc -l'
  t.equal((await tsbox(['run', '--init', '--name', name('a'), 'sh', '-c', script])).stdout, '0\n')
})

await test('an orphan is inherited by process 1', async ({ t, inProbe }) => {
  const { stdout } = await tsbox(['run', '--init', ...inProbe(), '/bin/probe', 'orphan'])
  t.match(stdout, /^self 2 child \d+ grandchild \d+ inherited-by 1$/m)
})

await test('signals go through to the program, which may handle them', async ({ t, inProbe }) => {
  const live = startBox(['run', '--init', ...inProbe(), '/bin/probe', 'signal'])
  await live.until(/ready/)
  for (const [signal, number] of [
    ['SIGHUP', 1],
    ['SIGINT', 2],
    ['SIGUSR1', 10],
    ['SIGUSR2', 12],
  ] as const) {
    live.child.kill(signal)
    t.ok(await live.until(new RegExp(`got ${number}\n`)), signal)
  }
  live.child.kill('SIGTERM')
  const { stdout, status } = await live.ended
  t.match(stdout, /got 15\n$/)
  t.equal(status, 0)
})

await test('a program that does not handle a signal dies of it, as outside of a box', async ({
  t,
  inProbe,
}) => {
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGUSR1', 138],
  ] as const) {
    const live = startBox([
      'run',
      '--init',
      '--stop-timeout',
      '1h',
      ...inProbe(signal),
      '/bin/probe',
      'winch',
    ])
    await live.until(/ready/)
    live.child.kill(signal)
    t.equal((await live.ended).status, status, signal)
  }
})

await test('the exit status and the end of the program are those of the box, whatever it leaves running', async box => {
  const { t, name } = box
  const { status, stdout } = await tsbox([
    'run',
    '--init',
    '--name',
    name(),
    'sh',
    '-c',
    'setsid sleep 1000 & echo left; exit 42',
  ])
  t.equal(status, 42)
  t.equal(stdout, 'left\n')
})

await test('without it, what the program leaves running ends with the program too', async ({ t, name }) => {
  const { status } = await tsbox(['run', '--name', name(), 'sh', '-c', 'setsid sleep 1000 & exit 41'])
  t.equal(status, 41)
})

await test('errors are told as without it', async ({ t, inProbe }) => {
  const { status, stderr } = await tsbox(['run', '--init', ...inProbe(), '/bin/none'])
  t.equal(status, 127)
  t.match(stderr, 'ERR_TSBOX_NOT_FOUND')
})
