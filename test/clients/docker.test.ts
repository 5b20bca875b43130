// `docker run` with tsbox as the daemon's default runtime: what a container is given.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dockerTests } from './helpers/docker-tests.ts'
import { IMAGE } from './helpers/images.ts'
import { OWN_CAPABILITIES, refusesMissingCapabilities } from './helpers/runtime.ts'
import { NO_MKDIR } from './helpers/seccomp.ts'

/** A runtime that notes the verbs it is called with before it becomes the one under test. */
const NOTING = `#!/bin/sh
for word in "$@"; do case $word in create|start|delete|kill|state) echo "$word" >>/run/verbs; break ;; esac; done
exec /usr/local/bin/tsbox "$@"
`

await dockerTests({ flags: ['--add-runtime', 'noting=/run/noting'] }, async ({ test, docker }) => {
  const { machine } = docker
  writeFileSync(machine.path('/run/noting'), NOTING, { mode: 0o755 })
  mkdirSync(machine.path('/run/shared/sub'), { recursive: true })
  writeFileSync(machine.path('/run/shared/word'), 'from the host\n')

  await test('the daemon.json of the document makes tsbox the default runtime', async ({ t, ...d }) => {
    t.match(await d.docker(['info', '--format', '{{.DefaultRuntime}} {{json .Runtimes}}']), {
      status: 0,
      stdout: /^tsbox .*"tsbox":\{"path":"\/usr\/local\/bin\/tsbox"/,
    })
    await d.detach('one')
    t.equal(await d.inspect('one', '{{.HostConfig.Runtime}} {{.State.Status}}'), 'tsbox running')
  })

  await test('docker calls the runtime that --runtime names to create, start and delete', async ({
    t,
    run,
  }) => {
    t.match(await run(['--runtime', 'noting'], ['echo', 'hello']), { status: 0, stdout: 'hello\n' })
    const verbs = readFileSync(machine.path('/run/verbs'), 'utf8').split('\n')
    t.match(verbs.slice(0, 2), ['create', 'start'])
    t.ok(verbs.includes('delete'), verbs.join(' '))
  })

  await test('the exit status is that of the program, or 126, 127, 137', async ({ t, run, ...d }) => {
    t.equal((await run([], ['true'])).status, 0)
    t.equal((await run([], ['sh', '-c', 'exit 3'])).status, 3)
    t.match(await run([], ['/etc/passwd']), { status: 126, stderr: /permission denied/i }, 'not executable')
    t.match(await run([], ['no-such-program']), { status: 127, stderr: /no-such-program/ }, 'not there')
    t.match(await run([], ['/no/such/program']), { status: 127, stderr: /\/no\/such\/program/ }, 'not there')
    await d.detach('killed')
    await d.docker(['kill', 'killed'])
    t.equal((await d.docker(['wait', 'killed'])).stdout, '137\n')
  })

  await test('standard input, output and error are three streams', async ({ t, run }) => {
    const outcome = await run([], ['sh', '-c', 'cat; echo err >&2'], { input: 'in\n' })
    t.match(outcome, { status: 0, stdout: /^in\n$/, stderr: /^err\n$/ })
    const much = 'x'.repeat(300_000)
    t.equal((await run([], ['cat'], { input: much })).stdout.length, much.length)
  })

  await test('-e, -w, --hostname and the environment of the image arrive', async ({ t, run }) => {
    const options = [
      '-e',
      'WORD=two words',
      '-w',
      '/new/dir',
      '--hostname',
      'here',
      '--domainname',
      'example',
    ]
    const { stdout } = await run(options, ['sh', '-c', 'env; pwd; hostname; cat /proc/sys/kernel/domainname'])
    for (const line of ['WORD=two words', 'FROM_IMAGE=yes', '/new/dir', 'here', 'example'])
      t.ok(stdout.split('\n').includes(line), line)
    t.notMatch(stdout, /TMPDIR=/, 'the environment of the daemon does not')
  })

  await test('--user and --group-add: by number, and by a name of the image', async ({ t, run }) => {
    const id = ['sh', '-c', 'id -u; id -g; id -G']
    t.equal((await run(['--user', '1234:5678'], id)).stdout, '1234\n5678\n5678\n')
    t.equal((await run(['--user', 'user'], id)).stdout, '1000\n1000\n1000 2000\n')
    t.match((await run(['--user', 'user', '--group-add', '3000'], id)).stdout, / 3000/)
    t.not((await run(['--user', 'nobody-here'], id)).status, 0)
  })

  await test('capabilities: a short list; --cap-drop and --cap-add change it; a user has none', async ({
    t,
    run,
  }) => {
    const caps = async (...options: string[]) => {
      const { stdout } = await run(options, ['grep', '^Cap', '/proc/self/status'])
      return Object.fromEntries(
        [...stdout.matchAll(/^Cap(\w+):\t0*([0-9a-f]+)$/gm)].map(([, k, v]) => [k, v]),
      )
    }
    t.match(await caps(), { Eff: 'a80425fb', Prm: 'a80425fb', Bnd: 'a80425fb', Amb: '0' })
    t.match(await caps('--cap-drop', 'ALL'), { Eff: '0', Bnd: '0' })
    t.match(await caps('--cap-drop', 'ALL', '--cap-add', 'NET_ADMIN'), { Eff: '1000', Bnd: '1000' })
    t.match(await caps('--user', '1000'), { Eff: '0', Prm: '0', Bnd: 'a80425fb' })
  })

  await test('--read-only: only --tmpfs and volumes can be written', async ({ t, run }) => {
    const script = `touch /x 2>&1; touch /scratch/x && echo scratch; touch /vol/x && echo vol
      mount | grep ' /scratch '; printf '#!/bin/sh' >/scratch/p; chmod 755 /scratch/p; /scratch/p 2>&1; stat -c %a /scratch`
    const scratch = ['--tmpfs', '/scratch:rw,noexec,size=1m,mode=1770']
    const { stdout } = await run(['--read-only', ...scratch, '-v', '/vol'], ['sh', '-c', script])
    t.match(stdout, 'Read-only file system')
    t.match(stdout, /scratch\nvol\ntmpfs on \/scratch type tmpfs \(.*noexec.*size=1024k/)
    t.match(stdout, /Permission denied/, 'noexec holds')
    t.match(stdout, /^1770$/m)
  })

  await test('-v: read-only, writable, a single file, and an own copy of what the image has there', async ({
    t,
    run,
  }) => {
    const options = ['-v', '/run/shared:/ro:ro', '-v', '/run/shared:/rw', '-v', '/run/shared/word:/etc/word']
    const script =
      'touch /ro/x 2>&1; echo written >/rw/back; cat /etc/word; cat /www/index.html; echo y >>/www/index.html'
    const { stdout } = await run([...options, '-v', '/www'], ['sh', '-c', script])
    t.match(stdout, /Read-only file system\nfrom the host\na page\n/)
    t.equal(readFileSync(machine.path('/run/shared/back'), 'utf8'), 'written\n')
    t.match(
      await run(['-v', '/run/shared:/etc/passwd'], ['true']),
      { status: /^12[5-7]$/ },
      'a directory on a file',
    )
  })

  await test('mounts made later on the host reach a volume with rslave, and only that', async ({
    t,
    ...d
  }) => {
    const volumes = ['-v', '/run/shared:/private', '-v', '/run/shared:/slave:rslave']
    await d.detach('late', [...volumes, '-v', '/run/shared:/shared:rshared', '--cap-add', 'SYS_ADMIN'])
    await machine.sh('mount -t tmpfs late /run/shared/sub && echo late >/run/shared/sub/word')
    const seen = await d.docker(['exec', 'late', 'sh', '-c', 'cat /slave/sub/word; ls /private/sub'])
    await machine.sh('umount /run/shared/sub')
    t.equal(seen.stdout, 'late\n')
    await d.docker(['exec', 'late', 'mount', '-t', 'tmpfs', 'back', '/shared/sub'])
    t.match(
      await machine.sh('grep " /run/shared/sub " /proc/mounts && umount /run/shared/sub'),
      { status: 0 },
      'rshared',
    )
  })

  await test('devices: the usual ones and those of --device, with its rights', async ({ t, run }) => {
    const list = await run(['--device', '/dev/fuse'], ['ls', '/dev'])
    for (const node of [
      'null',
      'zero',
      'full',
      'random',
      'urandom',
      'tty',
      'fuse',
      'ptmx',
      'shm',
      'mqueue',
      'stdin',
    ])
      t.ok(list.stdout.split('\n').includes(node), node)
    t.notMatch((await run([], ['ls', '/dev'])).stdout, /^fuse$/m, 'not asked for')
    // Only opening is tried: reading from this device is refused for reasons of its own.
    // Only opening is tried: reading from this device is refused for reasons of its own.
    const make = ['sh', '-c', 'mknod /tmp/d c 10 229; (: </tmp/d) && echo opened']
    t.match(
      await run([], make),
      { stdout: /^$/, stderr: /\/tmp\/d: Operation not permitted/ },
      'made in the container',
    )
    const rule = (rights: string) => run(['--device-cgroup-rule', `c 10:229 ${rights}`], make)
    t.match(
      await rule('w'),
      { stdout: /^$/, stderr: /Operation not permitted/ },
      'with a rule for writing only',
    )
    t.match(await rule('r'), { stdout: 'opened\n' }, 'with a rule for reading it opens')
    const open = ['sh', '-c', '(: </dev/x) && echo read; (: >/dev/x) || echo refused']
    t.match(await run(['--device', '/dev/fuse:/dev/x:r'], open), { stdout: 'read\nrefused\n' })
    t.match(await run(['--device', '/dev/fuse:/dev/x:rw'], open), { stdout: /^read\n$/ })
  })

  await test('--security-opt no-new-privileges: a setuid program gives nothing', async ({ t, run }) => {
    // The setuid program is a small init, which stays as the parent of what it starts.
    const parent = [
      '/usr/bin/setuid-init',
      '-s',
      '--',
      'sh',
      '-c',
      'grep -E "^(Uid|NoNew)" /proc/$PPID/status',
    ]
    const { stdout } = await run(['--user', '1000'], parent)
    t.match(stdout, /^Uid:\t1000\t0\t[\s\S]*NoNewPrivs:\t0$/m, 'without it, it is root')
    const held = await run(['--user', '1000', '--security-opt', 'no-new-privileges'], parent)
    t.match(held.stdout, /^Uid:\t1000\t1000\t[\s\S]*NoNewPrivs:\t1$/m)
  })

  await test('--security-opt seccomp: the default filter, a profile of your own, or none', async ({
    t,
    run,
  }) => {
    const script = ['sh', '-c', 'grep ^Seccomp: /proc/self/status; mkdir /tmp/x; unshare -U true; echo after']
    const usual = await run([], script)
    t.match(usual.stdout, 'Seccomp:\t2\nafter')
    t.match(usual.stderr, /unshare.*not permitted/, 'no user namespaces with the default')
    writeFileSync(machine.path('/run/profile.json'), JSON.stringify(NO_MKDIR))
    const own = await run(['--security-opt', 'seccomp=/run/profile.json'], script)
    t.match(own, { status: 0, stdout: 'Seccomp:\t2\nafter', stderr: /mkdir.*File too large/ }, 'errnoRet 27')
    const none = await run(['--security-opt', 'seccomp=unconfined'], script)
    t.match(none, { stdout: 'Seccomp:\t0\nafter', stderr: /^$/ })
  })

  await test('--sysctl, --ulimit, --shm-size and --oom-score-adj are set', async ({ t, run }) => {
    const options = [
      '--sysctl',
      'net.ipv4.ip_forward=1',
      '--sysctl',
      'kernel.msgmax=12345',
      '--shm-size',
      '2m',
    ]
    const more = ['--ulimit', 'nofile=512:1024', '--ulimit', 'core=0', '--oom-score-adj', '77']
    const script = `cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax /proc/self/oom_score_adj
      ulimit -n; ulimit -Hn; ulimit -c; df -k /dev/shm | tail -n1 | tr -s ' ' | cut -d' ' -f2`
    const { stdout } = await run([...options, ...more], ['sh', '-c', script])
    t.equal(stdout, '1\n12345\n77\n512\n1024\n0\n2048\n')
  })

  await test('--init: process 1 is a small init that reaps', async ({ t, run }) => {
    const orphan =
      '(sleep 0.1 & exec true); sleep 0.4; cat /proc/1/comm; grep -c "State:.Z" /proc/[0-9]*/status'
    const { stdout } = await run(['--init'], ['sh', '-c', orphan])
    t.match(stdout, /^(docker-init|tini)/)
    t.notMatch(stdout, /:1$/m, 'no zombie')
  })

  await test('--privileged: every capability there is, no filter, devices, a writable /sys', async ({
    t,
    run,
  }) => {
    const why = refusesMissingCapabilities()
    if (why !== undefined) return void t.plan(0, why)
    const script = `grep -E '^(CapEff|Seccomp):' /proc/self/status; ls /dev/fuse; mount | grep -E ' /sys (type )?'
      mount -t tmpfs x /mnt && echo mounted; test -r /proc/timer_list && echo unmasked`
    const { stdout } = await run(['--privileged'], ['sh', '-c', script])
    // The engine asks for those it knows, up to CAP_AUDIT_READ at least; of them the container gets what can be had here.
    const known = (1n << 38n) - 1n
    const got = BigInt(`0x${/^CapEff:\t([0-9a-f]+)$/m.exec(stdout)?.[1] ?? '0'}`)
    t.equal(got & known, BigInt(`0x${OWN_CAPABILITIES}`) & known)
    t.match(stdout, 'Seccomp:\t0')
    t.match(stdout, '/dev/fuse')
    t.match(stdout, /sysfs \(rw/)
    t.match(stdout, /^mounted$/m)
    t.match(stdout, /^unmasked$/m)
  })

  await test('what /proc and /sys tell is masked or read-only', async ({ t, run }) => {
    const script = `cat /proc/timer_list /proc/keys; ls /proc/acpi /sys/firmware 2>/dev/null | grep -v '^/.*:$\\|^$'; echo 1 >/proc/sys/kernel/msgmax
      touch /sys/x`
    const { stdout, stderr } = await run([], ['sh', '-c', script])
    t.equal(stdout, '')
    t.equal(stderr.match(/Read-only file system/g)?.length, 2, stderr)
  })

  await test('--pid, --ipc, --uts and --network share with the host or another container', async ({
    t,
    ...d
  }) => {
    await d.detach('first', ['--ipc', 'shareable', '--hostname', 'first'])
    const spaces = 'for n in pid ipc uts net; do readlink /proc/self/ns/$n; done'
    const host = await machine.sh(spaces)
    const as = (where: string) => ['--pid', where, '--ipc', where, '--network', where]
    const shared = await d.docker(['run', '--rm', ...as('host'), '--uts', 'host', IMAGE, 'sh', '-c', spaces])
    t.equal(shared.stdout, host.stdout)
    const first = (await d.docker(['exec', 'first', 'sh', '-c', spaces])).stdout.split('\n')
    const joined = await d.docker(['run', '--rm', ...as('container:first'), IMAGE, 'sh', '-c', spaces])
    const [pid, ipc, uts, net] = joined.stdout.split('\n')
    t.same([pid, ipc, net], [first[0], first[1], first[3]])
    t.not(uts, first[2], 'the host name is its own')
    t.notMatch(first, host.stdout.split('\n'))
  })
})
