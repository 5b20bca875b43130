// Signals, deadlines, and what becomes of a box whose owners are killed.

import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { boxTests } from '../helpers/box-test.ts'
import { tsbox } from '../helpers/command.ts'
import { eventually, exeOf, isAlive, membersOf, startBox } from '../helpers/live-box.ts'
import { NOTHING, settled } from '../helpers/residue.ts'

const test = boxTests(import.meta.filename)

await test('signals the program handles reach it, each with its number', async ({ t, inProbe }) => {
  const live = startBox(['run', ...inProbe(), '/bin/probe', 'signal'])
  await live.until(/ready\n/)
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const) {
    live.child.kill(signal)
    t.ok(await live.until(new RegExp(`got ${constants.signals[signal]}\\n`)), signal)
  }
  live.child.kill('SIGTERM')
  const { status, stdout } = await live.ended
  t.match(stdout, /got 15\n$/)
  t.equal(status, 0, 'the program chose how it ends')
})

await test(
  'SIGUSR1 before the program is there ends the command, and opens no debugger',
  async ({ t, inProbe }) => {
    for (let delay = 0; delay < 200; delay += 20) {
      const live = startBox(['run', ...inProbe(`-${delay}`), '/bin/probe', 'winch'])
      await new Promise(resolve => setTimeout(resolve, delay))
      live.child.kill('SIGUSR1')
      const { status, signal, stderr } = await live.ended
      t.notMatch(stderr, /Debugger/)
      const isTold = status === 125 && stderr.startsWith('tsbox: the box was ended by signal 10 before')
      t.ok(signal === 'SIGUSR1' || status === 138 || isTold, `after ${delay} ms: ${status} ${signal}`)
    }
  },
  { killed: true },
)

await test('Ctrl-C ends a program that does not handle it, although it is process 1', async ({
  t,
  inProbe,
}) => {
  const live = startBox(['run', '--stop-timeout', '1h', ...inProbe(), '/bin/probe', 'winch'])
  await live.until(/ready/)
  live.child.kill('SIGINT')
  t.equal((await live.ended).status, 130)
})

/** A program that waits for SIGTERM instead of handling it, as tini and other small inits do: rt_sigtimedwait. */
const WAITS_FOR_TERM = `use POSIX; $| = 1;
  sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGTERM)); my $set = pack("Q", 1 << 14); print "ready\\n";
  print "got ", syscall(${process.arch === 'x64' ? 128 : 137}, $set, 0, 0, 8), "\\n"; exit 6`

await test('a program that waits for a signal gets it; of another one it dies', async ({ t, name }) => {
  for (const [signal, status] of [
    ['SIGTERM', 6],
    ['SIGINT', 130],
  ] as const) {
    const args = ['run', '--stop-timeout', '1h', '--name', name(signal), 'perl', '-e', WAITS_FOR_TERM]
    const live = startBox(args)
    await live.until(/ready/)
    // Until it waits, the signal is blocked or pending; both ways lead to the same end.
    live.child.kill(signal)
    t.equal((await live.ended).status, status, signal)
  }
})

await test('signals that end nothing by default end no box either', async ({ t, inProbe }) => {
  const live = startBox(['run', ...inProbe(), '/bin/probe', 'winch'])
  await live.until(/ready/)
  live.child.kill('SIGCONT')
  live.child.kill('SIGURG')
  live.child.kill('SIGWINCH')
  await live.until(/winsize: errno=25/)
  live.child.kill('SIGUSR1')
  t.equal((await live.ended).status, 138, 'SIGUSR1 does')
})

await test('SIGTERM, then patience, then SIGKILL for a program that ignores the first', async box => {
  const { t, inProbe, dir } = box
  const receipt = join(dir, 'receipt.json')
  const args = ['run', '--stop-timeout', '300ms', '--receipt', receipt, ...inProbe()]
  const live = startBox([...args, '/bin/probe', 'ignore-term'])
  await live.until(/ready/)
  live.child.kill('SIGTERM')
  t.equal((await live.ended).status, 137)
  const told = JSON.parse(readFileSync(receipt, 'utf8'))
  t.equal(told.cause, 'stopped')
  t.equal(told.signal, 'SIGKILL')
})

await test('patience is kept: a program that ends in its own time after SIGTERM is not killed', async box => {
  const { t, name } = box
  const script = 'trap "sleep 0.3; echo cleaned up; exit 5" TERM; echo ready; while :; do sleep 0.05; done'
  const live = startBox(['run', '--stop-timeout', '1m', '--name', name(), 'sh', '-c', script])
  await live.until(/ready/)
  live.child.kill('SIGTERM')
  const { status, stdout } = await live.ended
  t.equal(status, 5)
  t.match(stdout, 'cleaned up')
})

await test(
  '--stop-signal is what the program gets instead of SIGTERM',
  async ({ t, inProbe }) => {
    for (const [written, number] of [
      ['USR1', 10],
      ['SIGINT', 2],
      ['12', 12],
    ] as const) {
      const args = ['run', '--stop-signal', written, '--stop-timeout', '1h', ...inProbe(written)]
      const live = startBox([...args, '/bin/probe', 'signal'])
      await live.until(/ready/)
      live.child.kill('SIGTERM')
      await live.until(new RegExp(`got ${number}\n`))
      t.notMatch(live.stdout(), 'got 15')
      live.child.kill('SIGKILL')
      await live.ended
      t.same(await settled(inProbe(written)[3] ?? ''), NOTHING)
    }
  },
  { killed: true },
)

await test('--timeout ends the box, says so, and the receipt says why', async ({ t, inProbe, dir }) => {
  const receipt = join(dir, 'receipt.json')
  const args = ['run', '--timeout', '1s', '--receipt', receipt, ...inProbe()]
  const { status, stderr } = await tsbox([...args, '/bin/probe', 'winch'])
  t.equal(status, 143)
  t.equal(stderr, 'tsbox: the box was ended after its time limit of 1 s\n')
  t.equal(JSON.parse(readFileSync(receipt, 'utf8')).cause, 'timeout')
})

await test('--timeout, then --stop-timeout, then SIGKILL for a program that will not go', async box => {
  const { t, inProbe } = box
  const args = ['run', '--timeout', '1s', '--stop-timeout', '100ms', ...inProbe()]
  const { status, stderr } = await tsbox([...args, '/bin/probe', 'ignore-term'])
  t.equal(status, 137)
  t.match(stderr, 'time limit')
})

await test('--timeout is no minimum: a program that ends earlier ends as always', async ({ t, inProbe }) => {
  const { status, stderr } = await tsbox(['run', '--timeout', '1h', ...inProbe(), '/bin/probe', 'exit', '3'])
  t.equal(status, 3)
  t.equal(stderr, '')
})

await test('while a box runs, no Node process is left: the command has become the shim', async box => {
  const { t, inProbe } = box
  const live = startBox(['run', ...inProbe(), '/bin/probe', 'winch'])
  await live.until(/ready/)
  t.match(exeOf(live.pid), /memfd:tsbox-shim/, 'a sealed copy of it')
  const { janitor, init } = membersOf(live.pid)
  t.match(exeOf(janitor ?? 0), /memfd:tsbox-shim/)
  t.match(exeOf(init ?? 0), /\/bin\/probe$/)
  live.child.kill('SIGTERM')
  await live.ended
})

await test(
  'kill -9 of the supervisor: the box and everything of it is gone',
  async ({ t, inProbe, name }) => {
    const live = startBox(['run', ...inProbe(), '/bin/probe', 'winch'])
    await live.until(/ready/)
    const { janitor, init } = membersOf(live.pid)
    if (janitor === undefined || init === undefined)
      throw new Error('a running box has a janitor and an init')
    live.child.kill('SIGKILL')
    t.equal((await live.ended).signal, 'SIGKILL')
    t.same(await settled(name()), NOTHING)
    t.ok(await eventually(() => !isAlive(init)), 'the program is dead')
    t.ok(await eventually(() => !isAlive(janitor)), 'the janitor has gone')
  },
  { killed: true },
)

await test(
  'kill -9 of the supervisor of a box with many processes and --init: they are gone too',
  async box => {
    const { t, name } = box
    const script = 'for i in 1 2 3 4 5 6 7 8; do setsid sleep 1000 & done; echo ready; wait'
    const live = startBox(['run', '--init', '-u', '1000', '--name', name(), 'sh', '-c', script])
    await live.until(/ready/)
    live.child.kill('SIGKILL')
    await live.ended
    t.same(await settled(name()), NOTHING)
  },
  { killed: true },
)

await test(
  'kill -9 of the janitor: another takes its place, and cleans up when it has to',
  async box => {
    const { t, inProbe, name } = box
    const live = startBox(['run', ...inProbe(), '/bin/probe', 'winch'])
    await live.until(/ready/)
    const { janitor: first = 0 } = membersOf(live.pid)
    process.kill(first, 'SIGKILL')
    const second = await eventually(() => {
      const { janitor } = membersOf(live.pid)
      return janitor === first ? undefined : janitor
    })
    t.ok(second, 'a new janitor')
    live.child.kill('SIGKILL')
    await live.ended
    t.same(await settled(name()), NOTHING)
  },
  { killed: true },
)

await test('kill -9 of both, janitor first: a box of the same name cleans up and runs', async box => {
  const { t, inProbe } = box
  const live = startBox(['run', ...inProbe(), '/bin/probe', 'winch'])
  await live.until(/ready/)
  const { janitor = 0, init = 0 } = membersOf(live.pid)
  // Stopped, the supervisor cannot start another janitor in between.
  live.child.kill('SIGSTOP')
  process.kill(janitor, 'SIGKILL')
  live.child.kill('SIGKILL')
  await live.ended
  t.ok(await eventually(() => !isAlive(init)), 'its program dies with its supervisor')
  t.equal((await tsbox(['run', ...inProbe(), '/bin/probe', 'exit', '4'])).status, 4)
})

await test('kill -9 of process 1: the command ends with 137 and cleans up', async ({ t, inProbe }) => {
  const live = startBox(['run', ...inProbe(), '/bin/probe', 'winch'])
  await live.until(/ready/)
  process.kill(membersOf(live.pid).init ?? 0, 'SIGKILL')
  t.equal((await live.ended).status, 137)
})
