// podman as an ordinary user, who has a range of user numbers and nothing else, with tsbox as the runtime.
import { mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import t from 'tap'
import { ARCHIVE, IMAGE, makeImage } from './helpers/images.ts'
import { type Machine, withMachine } from './helpers/machine.ts'
import { whyNotRunnable } from './helpers/packages.ts'
import { eventuallyAsync } from './helpers/patience.ts'
import { NEEDED_FOR_PODMAN, writePodmanConfig } from './helpers/podman.ts'
import { programsIn } from './helpers/residue.ts'
import { runtimeUnderTest } from './helpers/runtime.ts'

const USER = `
mkdir -p /home/someone /run/user/2001
echo someone:x:2001:2001::/home/someone:/bin/sh >>/etc/passwd
echo someone:x:2001: >>/etc/group
for f in subuid subgid; do echo someone:700000:65536 >>/etc/$f; done
chown 2001:2001 /home/someone /run/user/2001`

/** As a login would set it up; there is no session and no systemd of the user. */
const AS_USER = [
  ...[
    'setpriv',
    '--reuid',
    '2001',
    '--regid',
    '2001',
    '--clear-groups',
    '--inh-caps=-all',
    'env',
    '-C',
    '/home/someone',
  ],
  ...[
    'HOME=/home/someone',
    'USER=someone',
    'XDG_RUNTIME_DIR=/run/user/2001',
    'TMPDIR=/home/someone',
    'podman',
  ],
] as const

/** Directories that an ordinary user cannot pass on the way to the runtime. */
const closedAbove = (path: string): readonly string[] => {
  const dirs: string[] = []
  for (let dir = dirname(path); dir !== '/'; dir = dirname(dir)) dirs.push(dir)
  return dirs.filter(dir => (statSync(dir).mode & 0o001) === 0)
}

const rootless = async (machine: Machine): Promise<void> => {
  const podman = (args: readonly string[]) => machine.run([...AS_USER, ...args], { patience: 60_000 })
  const run = (options: readonly string[], ...program: string[]) =>
    podman(['run', '--rm', '--network', 'none', ...options, IMAGE, ...program])

  await t.test('root in the container is the user outside, and the runtime is tsbox', async t => {
    t.match(await podman(['load', '-q', '-i', ARCHIVE]), { status: 0 })
    const info = await podman(['info', '--format', '{{.Host.Security.Rootless}} {{.Host.OCIRuntime.Name}}'])
    t.equal(info.stdout, 'true tsbox\n')
    const { stdout, status } = await run([], 'sh', '-c', 'id -u; cat /proc/self/uid_map; exit 3')
    t.match(stdout, /^0\n\s+0\s+2001\s+1\n\s+1\s+700000\s+65536\n$/)
    t.equal(status, 3)
  })

  await t.test('it can do to the host what the user can, and no more', async t => {
    mkdirSync(machine.path('/run/of-root'), { mode: 0o755 })
    writeFileSync(machine.path('/run/of-root/secret'), 'secret', { mode: 0o600 })
    await machine.sh('mkdir /home/someone/own && chown 2001:2001 /home/someone/own')
    const volumes = ['-v', '/run/of-root:/r', '-v', '/home/someone/own:/own']
    const outcome = await run(
      volumes,
      'sh',
      '-c',
      'cat /r/secret; touch /r/x; echo mine >/own/word; chown 5:5 /own/word',
    )
    t.match(outcome.stderr, /secret.*Permission denied[\s\S]*\/r\/x.*Permission denied/)
    t.equal(readFileSync(machine.path('/home/someone/own/word'), 'utf8'), 'mine\n')
    t.equal(statSync(machine.path('/home/someone/own/word')).uid, 700_004)
    t.match(await run([], 'mknod', '/tmp/d', 'b', '8', '0'), { status: 1, stderr: /not permitted/ })
  })

  await t.test('exec, terminals, stop and logs', async t => {
    t.match(await podman(['run', '-d', '--network', 'none', '--name', 'box', IMAGE]), { status: 0 })
    const exec = await podman([
      'exec',
      '-u',
      'user',
      '-e',
      'WORD=x',
      'box',
      'sh',
      '-c',
      'id -u; echo $WORD; exit 7',
    ])
    t.match(exec, { status: 7, stdout: '1000\nx\n' })
    const { stdout } = await machine.inTerminal([
      ...AS_USER,
      'exec',
      '-it',
      'box',
      'sh',
      '-c',
      'tty; echo hi >$(tty)',
    ]).ended
    t.match(stdout, /^\/dev\/pts\/0\r\nhi\r\n/)
    t.match(await podman(['stop', '-t', '20', 'box']), { status: 0 })
    t.equal((await podman(['logs', 'box'])).stdout, 'waiting\n')
    t.equal((await podman(['inspect', '--format', '{{.State.ExitCode}}', 'box'])).stdout, '0\n')
    t.match(await podman(['rm', 'box']), { status: 0 })
  })

  await t.test('--userns keep-id: the user is who he is outside', async t => {
    const { stdout } = await run(
      ['--userns', 'keep-id', '-v', '/home/someone/own:/own'],
      'sh',
      '-c',
      'id -u; touch /own/kept',
    )
    t.equal(stdout, '2001\n')
    t.equal(statSync(machine.path('/home/someone/own/kept')).uid, 2001)
  })

  await t.test('a network through slirp4netns, with a published port', async t => {
    const started = await podman([
      'run',
      '-d',
      '--name',
      'web',
      '-p',
      '8080:80',
      IMAGE,
      'httpd',
      '-f',
      '-h',
      '/www',
    ])
    t.equal(started.status, 0, started.stderr)
    const page = async () =>
      (await machine.sh('timeout 5 busybox wget -q -O - http://127.0.0.1:8080/')).stdout === 'a page\n'
    t.ok(await eventuallyAsync(page))
    t.match((await podman(['exec', 'web', 'ip', '-o', 'addr'])).stdout, / tap0 /)
    t.match(await podman(['rm', '-f', '-t', '0', 'web']), { status: 0 })
  })

  await t.test('a build whose RUN steps are run by the runtime', async t => {
    const dockerfile = `FROM ${IMAGE}\nRUN id -u >/who && chown 5:5 /who\nCMD ["stat", "-c", "%u", "/who"]\n`
    writeFileSync(machine.path('/home/someone/Dockerfile'), dockerfile)
    const build = [
      'build',
      // podman 4.3 cannot give a build by an ordinary user a network of its own with this isolation.
      '--network',
      'host',
      '--isolation',
      'oci',
      '-t',
      'localhost/made:1',
      '-f',
      '/home/someone/Dockerfile',
      '/home/someone/own',
    ]
    t.match(await podman(build), { status: 0 })
    t.match(await podman(['run', '--rm', '--network', 'none', 'localhost/made:1']), { stdout: '5\n' })
  })

  await t.test('nothing runs on when all is removed', async t => {
    await podman(['rm', '-a', '-f', '-t', '0'])
    // podman keeps one process for its user namespace.
    const left = () =>
      programsIn(machine).filter(name => !['tini', 'cat', 'catatonit', 'podman pause'].includes(name))
    t.ok(await eventuallyAsync(async () => left().length === 0), left().join(' '))
  })
}

t.setTimeout(240_000)
const missing = whyNotRunnable([...NEEDED_FOR_PODMAN, 'newuidmap', 'slirp4netns', 'setpriv'])
const closed = closedAbove(realpathSync(runtimeUnderTest()))
if (missing !== undefined) t.plan(0, missing)
else if (closed.length > 0)
  t.plan(0, `an ordinary user cannot reach the runtime: ${closed.join(' ')} is closed to him`)
else
  await withMachine(async machine => {
    writePodmanConfig(machine)
    await makeImage(machine)
    const made = await machine.sh(USER)
    if (made.status !== 0) throw new Error(made.stderr)
    await rootless(machine)
  })
