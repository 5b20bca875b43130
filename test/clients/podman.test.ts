// podman with tsbox as its runtime: containers.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { COUNT, IMAGE } from './helpers/images.ts'
import { eventuallyAsync } from './helpers/patience.ts'
import { podmanTests } from './helpers/podman.ts'
import { OWN_CAPABILITIES } from './helpers/runtime.ts'
import { NO_MKDIR } from './helpers/seccomp.ts'

await podmanTests(async ({ test, podman: { machine } }) => {
  await test('the containers.conf of the document makes tsbox the runtime', async ({ t, ...p }) => {
    const info = await p.podman(['info', '--format', '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}}'])
    t.match(info, { status: 0, stdout: 'tsbox /usr/local/bin/tsbox\n' })
    await p.detach('one')
    t.equal(await p.inspect('one', '{{.OCIRuntime}} {{.State.Status}}'), 'tsbox running')
  })

  await test('the exit status is that of the program, or 126, 127', async ({ t, run, ...p }) => {
    t.match(await run([], ['sh', '-c', 'cat; echo err >&2; exit 3'], { input: 'in' }), {
      status: 3,
      stdout: 'in',
      stderr: 'err\n',
    })
    t.match(await run([], ['/etc/passwd']), { status: 126, stderr: /permission denied/i })
    t.match(await run([], ['no-such-program']), { status: 127, stderr: /no-such-program/ })
    await p.detach('killed')
    await p.podman(['kill', 'killed'])
    t.equal((await p.podman(['wait', 'killed'])).stdout, '137\n')
  })

  await test('-it and exec -it: a terminal with the size of the window', async ({ t, ...p }) => {
    const size = 'until stty size | grep "^24 80"; do sleep 0.05; done 2>/dev/null; tty; exit 3'
    const outer = await p.inTerminal(['run', '--rm', '-it', '--network', 'none', IMAGE, 'sh', '-c', size])
      .ended
    t.match(outer, { status: 3, stdout: /24 80\r\n\/dev\/pts\/0\r\n/ })
    await p.detach('box')
    const live = p.inTerminal(['exec', '-it', 'box', 'sh'])
    await live.until(/# /)
    live.type('sleep 100\n')
    await sleep(300)
    live.type('\x03')
    live.type('echo status $?; tty; exit 4\n')
    t.ok(await live.until(/status 130\r\n\/dev\/pts\/0/))
    t.equal((await live.ended).status, 4)
  })

  await test('user, directory, environment, host name, capabilities and limits arrive', async ({
    t,
    run,
  }) => {
    const options = ['-e', 'WORD=two words', '-w', '/home/user', '--hostname', 'here', '--user', '1234:5678']
    const more = [
      '--sysctl',
      'kernel.msgmax=12345',
      '--ulimit',
      'nofile=512:1024',
      // One that is given replaces the configured ones, so the other one is given too.
      '--ulimit',
      'nproc=4000:4000',
      '--shm-size',
      '2m',
      '--oom-score-adj',
      '77',
    ]
    const script = `echo $WORD; pwd; hostname; id -u; id -G; cat /proc/sys/kernel/msgmax /proc/self/oom_score_adj; ulimit -n; umask
      df -k /dev/shm | tail -n1 | tr -s ' ' | cut -d' ' -f2; grep ^CapEff /proc/self/status`
    const { stdout } = await run([...options, ...more, '--umask', '0077'], ['sh', '-c', script])
    t.match(stdout, /^two words\n\/home\/user\nhere\n1234\n5678\n12345\n77\n512\n0077\n2048\nCapEff:\t0+\n$/)
    const caps = ['grep', '^CapEff', '/proc/self/status']
    t.match((await run(['--cap-drop', 'ALL', '--cap-add', 'NET_ADMIN'], caps)).stdout, /\t0+1000\n/)
    t.match(
      (await run(['--privileged'], caps)).stdout,
      `\t${OWN_CAPABILITIES}\n`,
      '--privileged: what there is',
    )
  })

  await test('--read-only, --tmpfs, volumes, devices and a root directory', async ({ t, run, ...p }) => {
    mkdirSync(machine.path('/run/shared'))
    writeFileSync(machine.path('/run/shared/word'), 'from the host\n')
    const options = [
      '--read-only',
      '--tmpfs',
      '/scratch:size=1m',
      '-v',
      '/run/shared:/ro:ro',
      '-v',
      '/run/shared:/rw',
      '-v',
      '/www',
    ]
    const script = `touch /x 2>&1; touch /scratch/x && echo scratch; touch /ro/x 2>&1; cat /ro/word; echo back >/rw/back; cat /www/index.html
      ls /dev/fuse`
    const { stdout } = await run(
      [...options, '--device', '/dev/fuse', '--cap-add', 'MKNOD'],
      ['sh', '-c', script],
    )
    t.match(
      stdout,
      /Read-only file system\nscratch\ntouch.*Read-only.*\nfrom the host\na page\n\/dev\/fuse\n/,
    )
    t.equal(readFileSync(machine.path('/run/shared/back'), 'utf8'), 'back\n')
    const other = await run(['--cap-add', 'MKNOD'], ['sh', '-c', 'mknod /tmp/d c 10 229; (: </tmp/d)'])
    t.match(other, { status: 1, stderr: /\/tmp\/d: Operation not permitted/ }, 'a device that was not given')
    const bare = [
      'run',
      '--rm',
      '--network',
      'none',
      '--rootfs',
      '/run/image/root',
      '/bin/cat',
      '/www/index.html',
    ]
    t.match(await p.podman(bare), { status: 0, stdout: 'a page\n' })
  })

  await test('seccomp and no-new-privileges hold', async ({ t, run }) => {
    const parent = [
      '/usr/bin/setuid-init',
      '-s',
      '--',
      'sh',
      '-c',
      'grep -E "^(Uid|Seccomp:|NoNew)" /proc/$PPID/status',
    ]
    t.match(
      (await run(['--user', '1000'], parent)).stdout,
      /Uid:\t1000\t0\t[\s\S]*NoNewPrivs:\t0\nSeccomp:\t2/,
    )
    const options = ['--security-opt', 'no-new-privileges', '--security-opt', 'seccomp=unconfined']
    t.match(
      (await run(['--user', '1000', ...options], parent)).stdout,
      /Uid:\t1000\t1000\t[\s\S]*NoNewPrivs:\t1\nSeccomp:\t0/,
    )
    writeFileSync(machine.path('/run/profile.json'), JSON.stringify(NO_MKDIR))
    const own = ['--security-opt', 'seccomp=/run/profile.json']
    t.match(await run(own, ['mkdir', '/tmp/x']), { status: 1, stderr: /File too large/ })
  })

  await test('--memory and --pids-limit hold', async ({ t, run, ...p }) => {
    const hungry = ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=200M', 'count=1']
    await p.detach('hungry', ['--memory', '32m', '--memory-swap', '32m'], hungry)
    t.equal((await p.podman(['wait', 'hungry'])).stdout, '137\n')
    const storm = ['sh', '-c', 'for i in $(seq 50); do sleep 2 & done; echo all']
    t.match(await run(['--pids-limit', '20'], storm), { stderr: /can't fork/ })
    t.match(await run(['--pids-limit', '200'], storm), { status: 0, stdout: 'all\n' })
  })

  await test('exec: streams, status, user, environment, and descriptors that are handed on', async ({
    t,
    ...p
  }) => {
    await p.detach('box')
    const exec = (options: string[], ...program: string[]) =>
      p.podman(['exec', ...options, 'box', ...program])
    const options = ['-u', 'user', '-w', '/home/user', '-e', 'INNER=yes']
    t.match(await exec(options, 'sh', '-c', 'id -u; id -G; pwd; echo $INNER; exit 7'), {
      status: 7,
      stdout: '1000\n1000 2000\n/home/user\nyes\n',
    })
    t.equal((await exec([], '/etc/passwd')).status, 126)
    t.equal((await exec([], 'no-such-program')).status, 127)
    await machine.sh('echo handed on >/run/handed')
    const handed = 'podman exec --preserve-fds 1 box sh -c "cat <&3" 3</run/handed'
    t.match(await machine.sh(handed), { status: 0, stdout: 'handed on\n' })
    const run =
      'podman run --rm --network none --preserve-fds 1 localhost/tools:1 sh -c "cat <&3; ls /proc/self/fd" 3</run/handed'
    t.match(await machine.sh(run), { status: 0, stdout: /^handed on\n0\n1\n2\n3\n4?/ })
  })

  await test('stop, kill, pause, unpause, restart and update', async ({ t, ...p }) => {
    await p.detach('polite')
    t.equal((await p.podman(['stop', '-t', '30', 'polite'])).status, 0)
    t.equal(await p.inspect('polite', '{{.State.ExitCode}}'), '0')
    await p.detach('box', ['--memory', '64m'], COUNT)
    const file = async () => `/proc/${await p.inspect('box', '{{.State.Pid}}')}/root/tmp/n`
    const counter = await file()
    const count = async () => Number((await machine.run(['cat', counter])).stdout)
    t.ok(await eventuallyAsync(async () => (await count()) > 2), 'it counts')
    t.equal((await p.podman(['pause', 'box'])).status, 0)
    const held = await count()
    await sleep(500)
    t.equal(await count(), held, 'it stands')
    t.match(await p.podman(['exec', 'box', 'true']), { status: /^(?!0$)/, stderr: /paused|running/ })
    t.equal((await p.podman(['unpause', 'box'])).status, 0)
    t.ok(await eventuallyAsync(async () => (await count()) > held), 'it counts again')
    t.match(await p.podman(['update', '--memory', '96m', '--cpus', '0.5', 'box']), { status: 0 })
    const limit =
      'cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max'
    t.equal((await p.podman(['exec', 'box', 'sh', '-c', limit])).stdout, `${96 * 2 ** 20}\n`)
    t.equal((await p.podman(['restart', '-t', '0', 'box'])).status, 0)
    t.not(await file(), counter, 'another process')
  })

  await test('health checks, stats, top, logs and cp', async ({ t, ...p }) => {
    const check = [
      '--health-cmd',
      'test -e /tmp/fine',
      '--health-interval',
      'disable',
      '--health-retries',
      '1',
    ]
    await p.detach('box', check, ['sh', '-c', 'echo out; exec sleep 4323'])
    t.equal((await p.podman(['healthcheck', 'run', 'box'])).status, 1)
    await p.podman(['exec', 'box', 'touch', '/tmp/fine'])
    t.equal((await p.podman(['healthcheck', 'run', 'box'])).status, 0)
    const stats = await p.podman(['stats', '--no-stream', '--format', '{{.PIDs}} {{.MemUsage}}', 'box'])
    t.match(stats.stdout, /^1 [\d.]+[kM]B \/ /)
    t.match((await p.podman(['top', 'box', 'pid', 'args'])).stdout, /^1 +sleep 4323 *$/m)
    t.equal((await p.podman(['logs', 'box'])).stdout, 'out\n')
    await machine.sh('echo carried >/run/carried; podman cp /run/carried box:/root/')
    t.equal((await p.podman(['exec', 'box', 'cat', '/root/carried'])).stdout, 'carried\n')
  })

  await test('a checkpoint that is refused leaves the container running', async ({ t, ...p }) => {
    await p.detach('box')
    const refused = await p.podman(['container', 'checkpoint', 'box'])
    t.not(refused.status, 0)
    t.match(refused.stderr, /checkpoint/)
    t.equal((await p.podman(['exec', 'box', 'echo', 'alive'])).stdout, 'alive\n')
  })

  await test('user namespaces: a range that is given, one that podman picks, and the same for exec', async ({
    t,
    run,
    ...p
  }) => {
    await machine.sh('for f in subuid subgid; do echo containers:600000:200000 >>/etc/$f; done')
    const map = ['sh', '-c', 'cat /proc/self/uid_map; id -u; stat -c %u /www; touch /root/x && echo wrote']
    const given = ['--uidmap', '0:400000:5000', '--gidmap', '0:400000:5000']
    t.match((await run(given, map)).stdout, /^\s+0\s+400000\s+5000\n0\n0\nwrote\n$/)
    t.match((await run(['--userns', 'auto'], map)).stdout, /^\s+0\s+6\d{5}\s+\d+\n0\n0\nwrote\n$/)
    await p.detach('box', given)
    t.match((await p.podman(['exec', 'box', ...map])).stdout, /^\s+0\s+400000\s+5000\n0\n/)
  })

  await test('hooks of --hooks-dir are run, in their order, with the state on standard input', async ({
    t,
    ...p
  }) => {
    mkdirSync(machine.path('/run/hooks'))
    writeFileSync(machine.path('/run/hook'), '#!/bin/sh\necho "$1 $WORD $(cat)" >>/run/hooked\n', {
      mode: 0o755,
    })
    const stages = ['prestart', 'createRuntime', 'createContainer', 'poststart', 'poststop']
    // createContainer runs in the container's mounts, where the script is not; a hook that fails would end the container.
    for (const stage of stages.filter(stage => stage !== 'createContainer')) {
      const hook = { path: '/run/hook', args: ['hook', stage], env: ['WORD=given', 'PATH=/bin'] }
      const file = { version: '1.0.0', hook, when: { always: true }, stages: [stage] }
      writeFileSync(machine.path(`/run/hooks/${stage}.json`), JSON.stringify(file))
    }
    t.match(
      await p.podman([
        '--hooks-dir',
        '/run/hooks',
        'run',
        '--name',
        'box',
        '--network',
        'none',
        IMAGE,
        'true',
      ]),
      { status: 0 },
    )
    const id = await p.inspect('box', '{{.Id}}')
    const noted = async () => (await machine.sh('cat /run/hooked')).stdout
    t.ok(await eventuallyAsync(async () => (await noted()).includes('poststop')), await noted())
    const lines = (await noted()).trim().split('\n')
    t.same(
      lines.map(line => line.split(' ')[0]),
      ['prestart', 'createRuntime', 'poststart', 'poststop'],
    )
    for (const line of lines) t.match(JSON.parse(line.slice(line.indexOf('{'))), { id, ociVersion: /^1\./ })
  })

  await test('ports are published, and containers find each other by name', async ({ t, ...p }) => {
    t.equal((await p.podman(['network', 'create', 'own'])).status, 0)
    await p.detach('web', ['--network', 'own', '-p', '8080:80'], ['httpd', '-f', '-h', '/www'])
    const page = async () =>
      (await machine.sh('timeout 5 busybox wget -q -O - http://127.0.0.1:8080/')).stdout === 'a page\n'
    t.ok(await eventuallyAsync(page))
    const client = ['run', '--rm', '--network', 'own', IMAGE, 'timeout', '5', 'wget', '-q', '-O', '-']
    t.match(await p.podman([...client, 'http://web/']), { status: 0, stdout: 'a page\n' })
    await p.podman(['rm', '-f', '-t', '0', 'web'])
    t.equal((await p.podman(['network', 'rm', 'own'])).status, 0)
  })
})
