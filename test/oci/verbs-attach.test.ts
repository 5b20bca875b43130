// What a caller hands to `create`, `run` and `exec`: descriptors, a keyring, a socket for the terminal.
import { closeSync, openSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { outcomeOf } from '../helpers/command.ts'
import { probe } from '../helpers/rootfs.ts'
import { type Json, MOUNTS, NAMESPACES } from './helpers/config.ts'
import { ociTests } from './helpers/oci-test.ts'
import { listenForConsole } from './helpers/probes.ts'

const test = ociTests(import.meta.filename)

/** Files of the host at descriptors from 3 on. */
const openFiles = (dir: string, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => {
    const file = join(dir, `file-${i}`)
    writeFileSync(file, `text ${i}`)
    return openSync(file, 'r')
  })

const numbersIn = (text: string): readonly number[] =>
  [...text.matchAll(/^(\d+) -> /gm)].map(([, number]) => Number(number)).sort((a, b) => a - b)

await test('--preserve-fds: exactly as many descriptors arrive as were asked for', {}, async oci => {
  const { t, dir, id, bundle, tsbox, create } = oci
  const fds = openFiles(dir, 4)
  const args = ['/bin/probe', 'fds']
  for (const [count, wanted] of [
    [0, [0, 1, 2]],
    [1, [0, 1, 2, 3]],
    [3, [0, 1, 2, 3, 4, 5]],
  ] as const) {
    const name = id()
    const { dir: made } = bundle(name, { process: { args } })
    const how = ['--preserve-fds', `${count}`]
    const whole = await tsbox(['run', ...how, '--bundle', made, name], { fds })
    t.same(numbersIn(whole.stdout), wanted, `run, ${count}`)
    const container = await create({ process: { args } }, how, { fds })
    await container.start()
    await container.says(/^2 -> /m)
    await container.ended()
    t.same(numbersIn(container.stdout()), wanted, `create, ${count}`)
    const { id: running, start } = await create()
    await start()
    const joined = await tsbox(['exec', ...how, running, ...args], { fds })
    t.same(numbersIn(joined.stdout), wanted, `exec, ${count}`)
  }
  for (const fd of fds) closeSync(fd)
})

await test('--preserve-fds: the descriptors are those of the caller, in order', {}, async ({
  t,
  dir,
  id,
  bundle,
  tsbox,
}) => {
  const fds = openFiles(dir, 2)
  const name = id()
  const { dir: made } = bundle(name, { process: { args: ['/bin/sh', '-c', 'cat <&4; cat <&3'] } })
  const { stdout } = await tsbox(['run', '--preserve-fds=2', '--bundle', made, name], { fds })
  t.equal(stdout, 'text 1text 0')
  t.match(await tsbox(['run', '--preserve-fds', '100', '--bundle', made, id()], { fds }), {
    status: 1,
    stderr: /--preserve-fds: descriptor \d+ is not open/,
  })
  for (const fd of fds) closeSync(fd)
})

await test('a failure is told also when descriptors are passed on', {}, async ({
  t,
  dir,
  id,
  bundle,
  fails,
  tsbox,
}) => {
  const fds = openFiles(dir, 1)
  const name = id()
  const { dir: made } = bundle(name, { process: { args: ['/bin/missing'] } })
  const log = join(dir, 'log')
  t.match(
    await fails(['--log', log, 'create', '--preserve-fds', '1', '--bundle', made, name], { fds }),
    /no such file or directory/,
  )
  t.match(await tsbox(['state', name]), { status: 1, stderr: /does not exist/ })
  for (const fd of fds) closeSync(fd)
})

const session = (text: string): string => /^session (\d+)$/m.exec(text)?.[1] ?? ''

await test('--no-new-keyring keeps the session keyring of the caller; else there is a new one', {}, async oci => {
  const { t, run, start, tsbox, id, bundle } = oci
  const own = session((await outcomeOf(probe(), ['keyring'])).stdout)
  const process = { args: ['/bin/probe', 'keyring'] }
  const fresh = session((await run({ process })).stdout)
  t.ok(fresh !== '' && fresh !== own, `${fresh}, and the caller has ${own}`)
  const name = id()
  const kept = await tsbox(['run', '--no-new-keyring', '--bundle', bundle(name, { process }).dir, name])
  t.equal(session(kept.stdout), own)
  const container = await start()
  t.equal(session((await container.exec(process.args, ['--no-new-keyring'])).stdout), own)
})

await test('--no-pivot: the container has its root all the same', {}, async ({ t, id, bundle, tsbox }) => {
  const name = id()
  const { dir } = bundle(name, { process: { args: ['/bin/probe', 'ls', '/'] } })
  const { status, stdout } = await tsbox(['run', '--no-pivot', '--bundle', dir, name])
  t.same([status, stdout], [0, 'bin\ndev\nproc\n'])
})

await test('--console-socket is handed the terminal of a created container', {
  shows: ['process.terminal', 'process.consoleSize.{height,width}'],
}, async ({ t, dir, create }) => {
  const { socket, live } = await listenForConsole(join(dir, 'console'))
  const container = await create(
    { process: { terminal: true, args: ['/bin/probe', 'winch'], consoleSize: { height: 33, width: 77 } } },
    ['--console-socket', socket],
  )
  await live.until(/received 1 descriptor with "\/dev\/ptmx"\nmaster=1 pts=0 rows=33 columns=77/)
  await container.start()
  await live.until(/ready/)
  await container.kill()
  t.equal((await live.ended).status, 0, 'the terminal ends with the container')
  t.equal(container.stdout(), '', 'nothing goes to the standard output of the caller')
})

await test('what is typed at the terminal reaches the program, and Ctrl-C interrupts it', {}, async oci => {
  const { t, dir, create } = oci
  const { socket, live } = await listenForConsole(join(dir, 'console'))
  const args = [
    '/bin/sh',
    '-c',
    'trap "echo interrupted; exit 4" INT; echo asks; read word; echo "got $word"; cat',
  ]
  const container = await create({ process: { terminal: true, args } }, ['--console-socket', socket])
  await container.start()
  await live.until(/asks/)
  live.type('something\n')
  await live.until(/got something/)
  live.type('\u0003')
  await live.until(/interrupted/)
  await container.ended()
  t.pass('it ended')
})

await test('the standard streams of a container with a terminal are that terminal, and /dev/console is it too', {}, async oci => {
  const { t, dir, create } = oci
  const { socket, live } = await listenForConsole(join(dir, 'console'))
  const args = ['/bin/sh', '-c', '/bin/probe tty; /bin/probe stat /dev/pts/0 /dev/console; echo end']
  const container = await create({ process: { terminal: true, args } }, ['--console-socket', socket])
  await container.start()
  await live.until(/end/)
  t.match(live.stdout(), /isatty=1 fd 0 \/dev\/pts\/0\r\nisatty=1 fd 1 \/dev\/pts\/0\r\nisatty=1 fd 2/)
  const rows = [...live.stdout().matchAll(/type=c mode=0\d+ uid=0 gid=\d+ rdev=(\d+:\d+)/g)].map(
    ([, rdev]) => rdev,
  )
  t.same(rows, ['136:0', '136:0'])
})

await test('exec --tty --console-socket is a terminal of its own', {}, async ({ t, dir, start, tsbox }) => {
  const { id } = await start()
  const { socket, live } = await listenForConsole(join(dir, 'console'))
  const file = join(dir, 'pid')
  const how = ['--tty', '--detach', '--pid-file', file, '--console-socket', socket]
  t.match(await tsbox(['exec', ...how, id, '/bin/sh', '-c', 'tty; read word; echo "got $word"']), {
    status: 0,
  })
  await live.until(/received 1 descriptor/)
  await live.until(/\/dev\/pts\/0/)
  live.type('it\n')
  await live.until(/got it/)
  t.ok(statSync(file).size > 0)
})

await test('a console socket and a terminal belong together', {}, async ({
  t,
  dir,
  id,
  bundle,
  fails,
  tsbox,
}) => {
  const name = id()
  const create = (args: readonly string[]) =>
    fails(['create', '--bundle', bundle(name, over).dir, ...args, name])
  let over: Json = { process: { terminal: false } }
  const socket = join(dir, 'console')
  t.match(await create(['--console-socket', socket]), /process\.terminal is not true/)
  over = { process: { terminal: true } }
  t.match(await create(['--console-socket', socket]), /no such file or directory/)
  t.match(await create([]), /nobody to hand it to/)
  t.match(await fails(['run', '--detach', '--bundle', bundle(name, over).dir, name]), /nobody to hand it to/)
  over = { process: { terminal: true }, mounts: MOUNTS.slice(0, 2), linux: { namespaces: NAMESPACES } }
  const { live } = await listenForConsole(socket)
  t.match(await create(['--console-socket', socket]), /process\.terminal: nothing is mounted at \/dev\/pts/)
  live.child.kill()
  t.match(await tsbox(['state', name]), { status: 1, stderr: /does not exist/ })
})
