// A box in a terminal: its own one, relayed, and the caller's left as it was on every way out.
import { boxTests } from '../helpers/box-test.ts'
import { outcomeOf, tsbox } from '../helpers/command.ts'
import { eventually, type Live, membersOf, supervisorOf } from '../helpers/live-box.ts'
import { inTerminal, line } from '../helpers/pty.ts'
import { NOTHING, settled } from '../helpers/residue.ts'

const test = boxTests(import.meta.filename)

/** The terminal's settings, as stty(1) tells them. */
const settingsOf = async (tty: string): Promise<string> =>
  (await outcomeOf('stty', ['-F', tty, '-g'])).stdout.trim()

const ttyOf = async (live: Live): Promise<string> => (await live.until(/TTY (\/dev\/pts\/\d+)/))[1] ?? ''

/** The terminal shows each end of line as carriage return and line feed. */
const shown = (text: string): string => text.replaceAll('\r\n', '\n')

await test('in a terminal a box gets one of its own, on all three streams', async ({ t, inProbe }) => {
  const live = inTerminal(line(['run', ...inProbe(), '/bin/probe', 'tty']))
  const { stdout, status } = await live.ended
  t.equal(status, 0)
  for (const fd of [0, 1, 2]) t.match(shown(stdout), `isatty=1 fd ${fd} /dev/pts/0\n`)
})

await test('it has the size of the window, and follows it', async ({ t, inProbe, name }) => {
  const live = inTerminal(line(['run', ...inProbe(), '/bin/probe', 'winch']), { rows: 33, cols: 77 })
  const tty = await ttyOf(live)
  await live.until(/ready/)
  await outcomeOf('stty', ['-F', tty, 'rows', '41', 'cols', '123'])
  t.ok(await live.until(/winsize rows=41 cols=123/))
  await outcomeOf('stty', ['-F', tty, 'rows', '10', 'cols', '20'])
  t.ok(await live.until(/winsize rows=10 cols=20/))
  process.kill(supervisorOf(name()) ?? 0, 'SIGTERM')
  await live.ended
})

await test('the size is there from the first moment', async ({ t, inProbe }) => {
  const { stdout } = await inTerminal(line(['run', ...inProbe(), '/bin/probe', 'tty']), {
    rows: 33,
    cols: 77,
  }).ended
  t.match(stdout, 'winsize rows=33 cols=77')
})

await test('keys reach the program as they are typed: Ctrl-C is for the program in the box', async ({
  t,
  inProbe,
}) => {
  const live = inTerminal(line(['run', ...inProbe(), '/bin/probe', 'signal']))
  await live.until(/ready/)
  live.type('\x03')
  t.ok(await live.until(/got 2/), 'Ctrl-C')
  live.type('\x1c')
  t.ok(await live.until(/got 3/), 'Ctrl-\\')
  process.kill(supervisorOf(inProbe()[3] ?? '') ?? 0, 'SIGTERM')
  const { stdout } = await live.ended
  t.match(stdout, 'got 15')
})

await test('a shell in a terminal has job control and a console, and says nothing about it', async ({
  t,
  name,
}) => {
  const live = inTerminal(`${line(['run', '--name', name(), '/bin/bash', '--norc'])}; echo "STATUS $?"`)
  await ttyOf(live)
  await live.until(/[#$] /)
  live.type(
    'echo "job $(set -o | grep monitor)"; tty; test -c /dev/console && echo console; ls -l /dev/ptmx\n',
  )
  await live.until(/job monitor\s+on/)
  await live.until(/\n\/dev\/pts\/0\r/)
  await live.until(/\nconsole\r/)
  live.type('exit 3\n')
  const { stdout } = await live.ended
  t.match(stdout, /STATUS 3/)
  t.notMatch(stdout, /no job control|cannot set terminal process group/)
})

await test('the console of a box is its terminal and not the one of the host', async ({ t, inProbe }) => {
  const args = ['run', ...inProbe(), '/bin/probe', 'stat', '/dev/console', '/dev/pts/0']
  const { stdout } = await inTerminal(line(args)).ended
  const [first, second] = shown(stdout)
    .split('\n')
    .filter(row => row.startsWith('/dev/'))
    .map(row => /rdev=\S+/.exec(row)?.[0])
  t.ok(first)
  t.equal(first, second)
  t.not(first, 'rdev=5:1')
})

await test('the terminal belongs to the user of the box, so that programs can open it again', async ({
  t,
  inProbe,
}) => {
  const live = inTerminal(line(['run', '-u', '1000:1001', ...inProbe(), '/bin/probe', 'stat', '/dev/pts/0']))
  t.match((await live.ended).stdout, /\/dev\/pts\/0 type=c mode=0620 uid=1000 gid=5 /)
})

/** The terminal as the program finds it before, as a box leaves it, and what the box answers. */
const beforeAndAfter = (args: readonly string[]): string =>
  `echo "A $(stty -g)"; ${line(args)}; echo "S $?"; echo "B $(stty -g)"`

const sameSettings = (stdout: string): [string | undefined, string | undefined] => [
  /A ([0-9a-f:]{20,})/.exec(stdout)?.[1],
  /B ([0-9a-f:]{20,})/.exec(stdout)?.[1],
]

await test("the caller's terminal is raw while the box runs and as before when it has ended", async box => {
  const { t, inProbe, name } = box
  const live = inTerminal(beforeAndAfter(['run', ...inProbe(), '/bin/probe', 'winch']))
  const tty = await ttyOf(live)
  await live.until(/ready/)
  const before = /A ([0-9a-f:]{20,})/.exec(live.stdout())?.[1]
  t.not(await settingsOf(tty), before, 'raw')
  process.kill(supervisorOf(name()) ?? 0, 'SIGTERM')
  const { stdout } = await live.ended
  const [a, b] = sameSettings(stdout)
  t.ok(a)
  t.equal(b, a)
  t.match(stdout, 'S 143')
})

for (const [how, more, status] of [
  ['its program does not exist', ['/no/such/program'], 127],
  ['its working directory does not exist', ['-w', '/none', '/bin/probe', 'true'], 125],
  ['a limit ends it', ['--timeout', '1s', '/bin/probe', 'winch'], 143],
] as const) {
  await test(`the terminal is as before when ${how}`, async ({ t, inProbe }) => {
    const { stdout } = await inTerminal(beforeAndAfter(['run', ...inProbe(), ...more])).ended
    const [a, b] = sameSettings(stdout)
    t.ok(a)
    t.equal(b, a)
    t.match(stdout, `S ${status}`)
    t.notMatch(stdout, /[^\r]\n/, 'and every line that was printed begins at the first column')
  })
}

await test(
  'the terminal is as before after kill -9 of the supervisor',
  async ({ t, inProbe, name }) => {
    const live = inTerminal(`${beforeAndAfter(['run', ...inProbe(), '/bin/probe', 'winch'])}; read -r _`)
    const tty = await ttyOf(live)
    await live.until(/ready/)
    const before = /A ([0-9a-f:]{20,})/.exec(live.stdout())?.[1]
    process.kill(supervisorOf(name()) ?? 0, 'SIGKILL')
    t.same(await settled(name()), NOTHING)
    const end = Date.now() + 10_000
    let now = await settingsOf(tty)
    while (now !== before && Date.now() < end) now = await settingsOf(tty)
    t.equal(now, before)
    live.type('\n')
    t.match((await live.ended).stdout, 'S 137')
  },
  { killed: true },
)

await test(
  'the terminal is as before after kill -9 of supervisor and program together',
  async ({ t, inProbe, name }) => {
    const live = inTerminal(`${beforeAndAfter(['run', ...inProbe(), '/bin/probe', 'winch'])}; read -r _`)
    const tty = await ttyOf(live)
    await live.until(/ready/)
    const before = /A ([0-9a-f:]{20,})/.exec(live.stdout())?.[1]
    const supervisor = supervisorOf(name()) ?? 0
    const { init = 0 } = membersOf(supervisor)
    process.kill(supervisor, 'SIGKILL')
    try {
      process.kill(init, 'SIGKILL')
    } catch {
      // it died with its supervisor
    }
    t.same(await settled(name()), NOTHING)
    const end = Date.now() + 10_000
    let now = await settingsOf(tty)
    while (now !== before && Date.now() < end) now = await settingsOf(tty)
    t.equal(now, before)
    live.type('\n')
    await live.ended
  },
  { killed: true },
)

await test('all that was printed is shown, also when the program ends right after', async ({ t, name }) => {
  const script = 'i=0; while [ $i -lt 3000 ]; do echo "line $i"; i=$((i+1)); done'
  const { stdout } = await inTerminal(line(['run', '--name', name(), 'sh', '-c', script])).ended
  const lines = shown(stdout)
    .split('\n')
    .filter(row => row.startsWith('line '))
  t.equal(lines.length, 3000)
  t.equal(lines.at(-1), 'line 2999')
})

await test('what is typed in one go, much of it, arrives whole', async ({ t, name }) => {
  const live = inTerminal(
    line(['run', '--name', name(), 'sh', '-c', 'stty raw -echo; echo ready; head -c 20000 | cksum']),
  )
  await live.until(/ready/)
  const text = 'x'.repeat(20_000)
  live.type(text)
  const { stdout } = await live.ended
  const expected = await outcomeOf('cksum', [], { input: text })
  t.match(shown(stdout), expected.stdout)
})

await test('the end of the input, Ctrl-D, ends a program that reads', async ({ t, name }) => {
  const live = inTerminal(line(['run', '--name', name(), 'sh', '-c', 'echo ready; cat; echo done']))
  await live.until(/ready/)
  live.type('word\n\x04')
  t.match((await live.ended).stdout, /word[\s\S]*done/)
})

await test('-T: no terminal in the box, although there is one', async ({ t, inProbe }) => {
  const { stdout } = await inTerminal(line(['run', '-T', ...inProbe(), '/bin/probe', 'ls', '/dev/pts'])).ended
  t.notMatch(shown(stdout), /^0$/m, 'its devpts holds none')
  t.match(shown(stdout), /^ptmx$/m)
})

await test('output into a pipe: no terminal, so nothing is translated', async ({ t, inProbe }) => {
  const { stdout } = await inTerminal(`${line(['run', ...inProbe(), '/bin/probe', 'tty'])} | cat -A`).ended
  t.match(stdout, /isatty=0 fd 1 pipe:\[\d+\]\$/)
})

await test('-t without a terminal is refused with a word on what to do', async ({ t, inProbe }) => {
  const { status, stderr } = await tsbox(['run', '-t', ...inProbe(), '/bin/probe', 'tty'])
  t.equal(status, 125)
  t.match(stderr, 'ERR_TSBOX_USAGE')
  t.match(stderr, 'Leave -t out')
})

await test(
  'the terminal hangs up: the box ends and nothing is left',
  async ({ t, inProbe, name }) => {
    const live = inTerminal(line(['run', ...inProbe(), '/bin/probe', 'winch']))
    await live.until(/ready/)
    live.child.kill('SIGKILL')
    await live.ended
    t.same(await eventually(() => (supervisorOf(name()) === undefined ? 'gone' : undefined)), 'gone')
    t.same(await settled(name()), NOTHING)
  },
  { killed: true },
)

await test('a box in the background leaves the terminal to the shell', async ({ t, name }) => {
  const box = line(['run', '--name', name(), 'sleep', '60'])
  const live = inTerminal(`set -m; ${box} & read -r word; echo "read $word"; kill %1; wait`)
  const tty = await ttyOf(live)
  const before = await settingsOf(tty)
  t.ok(await eventually(() => supervisorOf(name()) !== undefined))
  await eventually(() => membersOf(supervisorOf(name()) ?? 0).init)
  t.equal(await settingsOf(tty), before, 'it is not set raw')
  live.type('hello\n')
  t.ok(await live.until(/read hello/), 'what is typed is for the shell')
  await live.ended
})
