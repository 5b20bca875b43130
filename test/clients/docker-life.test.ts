// What is done with a container while it runs: exec, terminals, signals, pause, restarts.
import { setTimeout as sleep } from 'node:timers/promises'
import { inParallel } from '../helpers/boxes.ts'
import { dockerTests } from './helpers/docker-tests.ts'
import { COUNT, IMAGE } from './helpers/images.ts'
import { eventuallyAsync } from './helpers/patience.ts'

/** Says which signal came, and goes on. */
const TELL = [
  'sh',
  '-c',
  'for s in HUP USR1 TERM; do trap "echo got $s" $s; done; echo ready; while :; do sleep 0.1; done',
]

await dockerTests({}, async ({ test }) => {
  await test('-it: a terminal of its own, with the size of the window, and the exit status', async ({
    t,
    ...d
  }) => {
    const run = ['run', '--rm', '-it', '--network', 'none', IMAGE]
    const size =
      'until stty size | grep "^24 80"; do sleep 0.05; done 2>/dev/null; tty; test -c /dev/console && echo console; exit 3'
    const { stdout, status } = await d.inTerminal([...run, 'sh', '-c', size]).ended
    t.match(stdout, /24 80\r\n\/dev\/pts\/0\r\nconsole\r\n/)
    t.equal(status, 3)
    const live = d.inTerminal([...run, 'sh'])
    await live.until(/# /)
    live.type('sleep 100\n')
    await sleep(300)
    live.type('\x03')
    live.type('echo status $?\n')
    t.ok(await live.until(/status 130/), 'Ctrl-C is for the program in the container')
    live.type('exit 5\n')
    t.equal((await live.ended).status, 5)
  })

  await test('a terminal can be left with Ctrl-P Ctrl-Q and taken up again', async ({ t, ...d }) => {
    const live = d.inTerminal(['run', '-it', '--name', 'left', '--network', 'none', IMAGE, 'sh'])
    await live.until(/# /)
    live.type('word=kept\n\x10\x11')
    t.equal((await live.ended).status, 0)
    t.equal(await d.inspect('left', '{{.State.Status}}'), 'running')
    const again = d.inTerminal(['attach', 'left'])
    await sleep(500)
    again.type('echo "$word on"; exit 4\n')
    t.ok(await again.until(/kept on/))
    t.equal((await again.ended).status, 4)
  })

  await test('exec: streams, status, user, directory and environment', async ({ t, ...d }) => {
    await d.detach('box', ['-e', 'OUTER=yes'])
    const exec = (options: string[], ...program: string[]) =>
      d.docker(['exec', ...options, 'box', ...program])
    t.match(await exec([], 'sh', '-c', 'echo out; echo err >&2; exit 7'), {
      stdout: 'out\n',
      stderr: 'err\n',
      status: 7,
    })
    const options = ['-u', 'user', '-w', '/home/user', '-e', 'INNER=too']
    t.equal(
      (await exec(options, 'sh', '-c', 'id -u; id -G; pwd; echo $OUTER $INNER')).stdout,
      '1000\n1000 2000\n/home/user\nyes too\n',
    )
    t.equal((await d.docker(['exec', '-i', 'box', 'cat'], { input: 'typed' })).stdout, 'typed')
    t.equal((await exec([], '/etc/passwd')).status, 126)
    // Docker 20.10 says 126 here, later ones 127.
    t.match(await exec([], 'no-such-program'), { status: /^12[67]$/, stdout: /no-such-program/ })
    t.equal((await exec([], 'sh', '-c', 'kill -9 $$')).status, 137)
  })

  await test('exec is where the container is, with no more rights', async ({ t, ...d }) => {
    await d.detach('box', ['--cap-drop', 'NET_RAW', '--memory', '64m'])
    const script =
      'for n in /proc/$0/ns/*; do case $n in *_for_children) ;; *) readlink $n ;; esac; done; grep -E "^(Cap|Seccomp:|NoNew)" /proc/$0/status; cat /proc/$0/cgroup'
    const first = await d.docker(['exec', 'box', 'sh', '-c', script, '1'])
    const second = await d.docker(['exec', 'box', 'sh', '-c', script, 'self'])
    t.equal(second.stdout, first.stdout)
    t.match(first.stdout, /pid:\[\d+\]/)
  })

  await test('exec -it: a terminal beside the container that has none', async ({ t, ...d }) => {
    await d.detach('box')
    const { stdout, status } = await d.inTerminal(['exec', '-it', 'box', 'sh', '-c', 'tty; exit 6']).ended
    t.equal(stdout, '/dev/pts/0\r\n')
    t.equal(status, 6)
  })

  await test('exec -d goes on alone, and ends with the container', async ({ t, ...d }) => {
    await d.detach('box')
    await d.docker(['exec', '-d', 'box', 'sleep', '4321'])
    const isThere = async () => (await d.machine.sh('pgrep -f "^sleep 4321"')).status === 0
    t.ok(await eventuallyAsync(isThere), 'it runs')
    await d.docker(['rm', '-f', 'box'])
    t.notOk(await isThere(), 'it has ended')
  })

  await test('stop ends a program that listens, and after its time one that does not', async ({
    t,
    ...d
  }) => {
    await d.detach('polite')
    await d.detach('deaf', [], ['sleep', '1000'])
    await d.docker(['logs', 'polite'])
    t.equal((await d.docker(['stop', '-t', '30', 'polite'])).status, 0)
    t.equal(await d.inspect('polite', '{{.State.ExitCode}}'), '0')
    t.equal((await d.docker(['stop', '-t', '1', 'deaf'])).status, 0)
    t.match(await d.inspect('deaf', '{{.State.ExitCode}}'), /^(137|143)$/)
  })

  await test('kill -s delivers the signal it names', async ({ t, ...d }) => {
    await d.detach('box', [], TELL)
    const logs = async () => (await d.docker(['logs', 'box'])).stdout
    await eventuallyAsync(async () => (await logs()) === 'ready\n')
    for (const [signal, word] of [
      ['USR1', 'USR1'],
      ['1', 'HUP'],
      ['SIGTERM', 'TERM'],
    ] as const) {
      await d.docker(['kill', '-s', signal, 'box'])
      t.ok(await eventuallyAsync(async () => (await logs()).endsWith(`got ${word}\n`)), signal)
    }
    t.equal(await d.inspect('box', '{{.State.Running}}'), 'true')
  })

  await test('pause holds every process, exec is refused then, and unpause lets them go on', async ({
    t,
    ...d
  }) => {
    await d.detach('box', [], COUNT)
    const root = `/proc/${await d.inspect('box', '{{.State.Pid}}')}/root/tmp/n`
    const count = async () => Number((await d.machine.run(['cat', root])).stdout)
    t.ok(await eventuallyAsync(async () => (await count()) > 2), 'it counts')
    t.equal((await d.docker(['pause', 'box'])).status, 0)
    t.equal(await d.inspect('box', '{{.State.Status}}'), 'paused')
    const held = await count()
    await sleep(500)
    t.equal(await count(), held, 'it stands')
    t.match(await d.docker(['exec', 'box', 'true']), { status: 1, stderr: /paused/ })
    t.equal((await d.docker(['unpause', 'box'])).status, 0)
    t.ok(await eventuallyAsync(async () => (await count()) > held), 'it counts again')
    await d.docker(['pause', 'box'])
    t.equal((await d.docker(['rm', '-f', 'box'])).status, 0, 'removed while it is paused')
  })

  await test('restart: new processes, the same files', async ({ t, ...d }) => {
    await d.detach('box')
    const before = await d.inspect('box', '{{.State.Pid}}')
    await d.docker(['exec', 'box', 'sh', '-c', 'echo kept >/root/word'])
    t.equal((await d.docker(['restart', '-t', '2', 'box'])).status, 0)
    t.not(await d.inspect('box', '{{.State.Pid}}'), before)
    t.equal((await d.docker(['exec', 'box', 'cat', '/root/word'])).stdout, 'kept\n')
  })

  await test('--restart: what fails or is killed comes back, as often as was said', async ({ t, ...d }) => {
    await d.detach('failing', ['--restart', 'on-failure:2'], ['sh', '-c', 'exit 9'])
    await d.detach('always', ['--restart', 'always'])
    const before = await d.inspect('always', '{{.State.Pid}}')
    await d.machine.run(['kill', '-9', before])
    const back = async () => {
      const [pid, running] = (await d.inspect('always', '{{.State.Pid}} {{.State.Running}}')).split(' ')
      return running === 'true' && pid !== before
    }
    t.ok(await eventuallyAsync(back), 'it is back')
    t.equal((await d.docker(['exec', 'always', 'echo', 'alive'])).stdout, 'alive\n')
    const given = async () =>
      (await d.inspect('failing', '{{.RestartCount}} {{.State.Status}}')) === '2 exited'
    t.ok(await eventuallyAsync(given))
    t.equal(await d.inspect('failing', '{{.State.ExitCode}}'), '9')
  })

  await test('a health check runs in the container and tells', async ({ t, ...d }) => {
    const check = ['--health-cmd', 'test -e /tmp/fine', '--health-interval', '300ms', '--health-retries', '1']
    await d.detach('box', check)
    const becomes = (what: string) =>
      eventuallyAsync(async () => (await d.inspect('box', '{{.State.Health.Status}}')) === what)
    t.ok(await becomes('unhealthy'))
    await d.docker(['exec', 'box', 'touch', '/tmp/fine'])
    t.ok(await becomes('healthy'))
  })

  await test('logs, top, cp, diff and export show the container', async ({ t, ...d }) => {
    await d.detach('box', [], ['sh', '-c', 'echo out; echo err >&2; exec sleep 4322'])
    const logged = async () => /err/.test((await d.docker(['logs', 'box'])).stderr)
    t.ok(await eventuallyAsync(logged))
    t.equal((await d.docker(['logs', 'box'])).stdout, 'out\n')
    t.match((await d.docker(['top', 'box'])).stdout, /\bsleep 4322/)
    t.match((await d.docker(['top', 'box', '-o', 'pid,user'])).stdout, /^PID\s+USER/)
    await d.machine.sh('echo carried >/run/carried')
    t.equal((await d.docker(['cp', '/run/carried', 'box:/root/'])).status, 0)
    t.equal((await d.docker(['exec', 'box', 'cat', '/root/carried'])).stdout, 'carried\n')
    await d.docker(['exec', 'box', 'sh', '-c', 'echo back >/tmp/back'])
    t.match(await d.machine.sh('docker cp box:/tmp/back /run/back && cat /run/back'), { stdout: 'back\n' })
    t.match((await d.docker(['diff', 'box'])).stdout, /^A \/root\/carried$/m)
    t.match(await d.machine.sh('docker export box | tar -t'), { status: 0, stdout: /^root\/carried$/m })
  })

  await test('twenty containers at once, and all can be reached', async ({ t, ...d }) => {
    const names = Array.from({ length: 20 }, (_, i) => `many-${i}`)
    await inParallel(names, name => d.detach(name), 5)
    t.equal((await d.docker(['ps', '-q'])).stdout.trim().split('\n').length, 20)
    const words = await inParallel(
      names,
      async name => (await d.docker(['exec', name, 'hostname'])).stdout,
      5,
    )
    t.equal(new Set(words).size, 20)
    t.equal((await d.docker(['kill', ...names])).status, 0)
    const gone = async () => (await d.docker(['ps', '-q'])).stdout === ''
    t.ok(await eventuallyAsync(gone))
  })
})
