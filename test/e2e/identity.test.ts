// Who the program is, what it may do and what it is told: user, environment, names, rights.
import { writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { CAPABILITIES, capabilityMask, DEFAULT_CAPABILITIES } from '../../packages/spec/src/index.ts'
import { boxTests } from '../helpers/box-test.ts'
import { command, outcomeOf, tsbox } from '../helpers/command.ts'
import { quoted } from '../helpers/pty.ts'

const test = boxTests(import.meta.filename)

await test('root by default, with no group of the caller', async ({ t, inProbe }) => {
  const { stdout } = await tsbox(['run', ...inProbe(), '/bin/probe', 'ids'])
  t.equal(stdout, 'uid=0 gid=0 euid=0 egid=0 groups=0\n')
})

await test('the groups of the caller do not come along', async ({ t, inProbe }) => {
  const args = ['--groups', '4,24,27', command(), 'run', ...inProbe(), '/bin/probe', 'ids']
  t.match((await outcomeOf('setpriv', args)).stdout, 'groups=0\n')
})

await test('-u UID and -u UID:GID', async ({ t, inProbe }) => {
  const one = await tsbox(['run', '-u', '1000', ...inProbe('a'), '/bin/probe', 'ids'])
  t.equal(one.stdout, 'uid=1000 gid=1000 euid=1000 egid=1000 groups=1000\n')
  const two = await tsbox(['run', '--user', '1000:77', ...inProbe('b'), '/bin/probe', 'ids'])
  t.equal(two.stdout, 'uid=1000 gid=77 euid=1000 egid=77 groups=77\n')
  const most = await tsbox(['run', '-u', '2147483647', ...inProbe('c'), '/bin/probe', 'ids'])
  t.match(most.stdout, 'uid=2147483647 ')
})

await test('a number that is none, or wraps round to root, is no user', async ({ t, name }) => {
  for (const [i, user] of [
    '-1',
    '4294967296',
    '4294967295',
    '0x0',
    '1e3',
    'root',
    '',
    '1:',
    ':1',
    ' 0',
  ].entries()) {
    const { status, stderr, stdout } = await tsbox(['run', `--user=${user}`, '--name', name(`${i}`), 'id'])
    t.equal(status, 125, JSON.stringify(user))
    t.match(stderr, 'ERR_TSBOX_USAGE')
    t.equal(stdout, '')
  }
})

await test("another user has no capability, and no more than the user's own files", async ({
  t,
  inProbe,
}) => {
  const { stdout } = await tsbox(['run', '-u', '1000', ...inProbe('a'), '/bin/probe', 'caps'])
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) t.match(stdout, `${set}:\t0000000000000000`)
  t.match(stdout, 'NoNewPrivs:\t1')
  const write = await tsbox(['run', '-u', '1000', ...inProbe('b'), '/bin/probe', 'write', '/x', 'x'])
  t.equal(write.stdout, 'write: errno=13\n')
})

const hex = (mask: bigint): string => mask.toString(16).padStart(16, '0')
const without = (...names: string[]) => DEFAULT_CAPABILITIES.filter(name => !names.includes(name))

await test('the capabilities are a short list; --cap-add and --cap-drop change it', async ({
  t,
  inProbe,
}) => {
  const caps = async (suffix: string, ...options: string[]) =>
    (await tsbox(['run', ...options, ...inProbe(suffix), '/bin/probe', 'caps'])).stdout
  const plain = await caps('a')
  for (const set of ['CapPrm', 'CapEff', 'CapBnd'])
    t.match(plain, `${set}:\t${hex(capabilityMask(DEFAULT_CAPABILITIES))}`)
  for (const set of ['CapInh', 'CapAmb']) t.match(plain, `${set}:\t${hex(0n)}`)
  const dropped = await caps('b', '--cap-drop', 'CHOWN', '--cap-drop', 'cap_kill')
  t.match(dropped, `CapBnd:\t${hex(capabilityMask(without('CHOWN', 'KILL')))}`)
  const none = await caps('c', '--cap-drop', 'ALL')
  t.match(none, `CapBnd:\t${hex(0n)}`)
  const only = await caps('d', '--cap-drop', 'all', '--cap-add', 'net_raw')
  t.match(only, `CapEff:\t${hex(capabilityMask(['NET_RAW']))}`)
  const more = await caps('e', '--cap-add', 'CAP_NET_ADMIN')
  t.match(more, `CapBnd:\t${hex(capabilityMask([...DEFAULT_CAPABILITIES, 'NET_ADMIN']))}`)
})

const own = BigInt(
  `0x${/CapPrm:\s+(\S+)/.exec((await outcomeOf('cat', ['/proc/self/status'])).stdout)?.[1] ?? '0'}`,
)

await test('--privileged: all the capabilities the caller has, nothing hidden, nothing read-only', async ({
  t,
  inProbe,
}) => {
  const caps = (await tsbox(['run', '--privileged', ...inProbe('a'), '/bin/probe', 'caps'])).stdout
  t.match(caps, `CapEff:\t${hex(own & capabilityMask(CAPABILITIES))}`)
  t.match(caps, 'NoNewPrivs:\t0')
  const mounts = (await tsbox(['run', '--privileged', ...inProbe('b'), '/bin/probe', 'mountinfo'])).stdout
  t.notMatch(mounts, / \/(proc|sys)\S* ro,/)
  t.notMatch(mounts, ' /proc/keys ')
  const plain = (await tsbox(['run', ...inProbe('c'), '/bin/probe', 'mountinfo'])).stdout
  t.match(plain, ' /proc/keys ', 'so the test can tell the two apart')
})

await test('a capability the caller does not have is an error when it was asked for by name', async ({
  t,
  inProbe,
}) => {
  const missing = CAPABILITIES.find((_, i) => (own & (1n << BigInt(i))) === 0n)
  const drop =
    missing === undefined
      ? ['--bounding-set', '-sys_time', '--inh-caps', '-sys_time']
      : ['--inh-caps', '+chown']
  const args = [
    ...drop,
    command(),
    'run',
    '--cap-add',
    missing ?? 'SYS_TIME',
    ...inProbe(),
    '/bin/probe',
    'caps',
  ]
  const { status, stderr } = await outcomeOf('setpriv', args)
  t.equal(status, 125)
  t.match(stderr, 'ERR_TSBOX_STEP')
  t.match(stderr, 'that tsbox itself does not have')
})

await test('the environment is fresh: three variables, and what was given', async ({ t, inProbe }) => {
  const env = { ...process.env, SECRET: 'of the caller', LD_PRELOAD: '' }
  const plain = await tsbox(['run', ...inProbe('a'), '/bin/probe', 'env'], { env })
  t.same(plain.stdout.trim().split('\n').sort(), [
    'HOME=/root',
    'HOSTNAME=container',
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  ])
  const options = [
    '-e',
    'A=1',
    '-e',
    'B=with = and space',
    '-e',
    'SECRET',
    '-e',
    'NOT_SET',
    '-e',
    'EMPTY=',
    '-e',
    'HOME=/x',
  ]
  const given = await tsbox(['run', ...options, '-u', '5', ...inProbe('b'), '/bin/probe', 'env'], { env })
  const lines = given.stdout.trim().split('\n')
  for (const line of ['A=1', 'B=with = and space', 'SECRET=of the caller', 'EMPTY=', 'HOME=/x'])
    t.ok(lines.includes(line), line)
  t.notMatch(given.stdout, 'NOT_SET')
  t.notMatch(given.stdout, 'TSBOX')
})

await test('--env-file: a variable a line, comments and empty lines left out', async ({
  t,
  inProbe,
  dir,
}) => {
  const file = join(dir, 'env')
  writeFileSync(file, '# comment\n\nA=from the file\n  B=indented\nC="kept as it is"\nFROM_CALLER\n')
  const env = { ...process.env, FROM_CALLER: 'yes' }
  const args = ['run', '--env-file', file, '-e', 'B=later wins', ...inProbe(), '/bin/probe', 'env']
  const lines = (await tsbox(args, { env })).stdout.trim().split('\n')
  for (const line of ['A=from the file', 'B=later wins', 'C="kept as it is"', 'FROM_CALLER=yes'])
    t.ok(lines.includes(line), line)
  t.notOk(lines.some(line => line.includes('#')))
})

await test('--env-file is for the box alone: Node reads none, neither ours nor one of the program', async box => {
  const { t, inProbe, dir } = box
  const [file, code] = [join(dir, 'env'), join(dir, 'code.cjs')]
  writeFileSync(code, 'console.log("RAN OUTSIDE THE BOX")')
  writeFileSync(file, `NODE_OPTIONS=--require=${code}\n`)
  const ours = await tsbox(['run', '--env-file', file, ...inProbe('a'), '/bin/probe', 'env'])
  t.match(ours.stdout, `NODE_OPTIONS=--require=${code}`)
  t.notMatch(ours.stdout, 'RAN OUTSIDE')
  const its = await tsbox([
    'run',
    ...inProbe('b'),
    '/bin/probe',
    'args',
    `--env-file=${file}`,
    '--env-file',
    '/none',
  ])
  t.equal(its.stdout, `"/bin/probe"\n"args"\n"--env-file=${file}"\n"--env-file"\n"/none"\n`)
  const missing = await tsbox(['run', '--env-file', '/no/such/file', ...inProbe('c'), '/bin/probe', 'env'])
  t.equal(missing.status, 125)
  t.match(missing.stderr, 'ERR_TSBOX_USAGE')
})

await test('arguments arrive as they are: empty ones, spaces, quotes, options, bytes that are no text', async ({
  t,
  inProbe,
}) => {
  const args = ['', ' ', 'a b', '"', "'", '--help', '-t', '--', '$HOME', 'é', '\n']
  const { stdout } = await tsbox(['run', ...inProbe(), '--', '/bin/probe', 'args', ...args])
  const shown = ['/bin/probe', 'args', ...args].map(arg =>
    [...Buffer.from(arg)]
      .map(byte =>
        byte < 32 || byte > 126 || byte === 34 || byte === 92
          ? `\\x${byte.toString(16).padStart(2, '0')}`
          : String.fromCharCode(byte),
      )
      .join(''),
  )
  t.same(
    stdout.trim().split('\n'),
    shown.map(arg => `"${arg}"`),
  )
})

await test('-w: where the program starts; inside the box only', async ({ t, inProbe }) => {
  const bin = await tsbox(['run', '-w', '/bin', ...inProbe('a'), './probe', 'cwd'])
  t.equal(bin.stdout, '/bin\n')
  const none = await tsbox(['run', '--workdir', '/none', ...inProbe('b'), '/bin/probe', 'cwd'])
  t.equal(none.status, 125)
  t.match(none.stderr, 'The working directory must exist in the box')
  const out = await tsbox(['run', '-w', '/../..', ...inProbe('c'), '/bin/probe', 'cwd'])
  t.equal(out.status, 125)
  const fd = await tsbox(['run', '-w', '/proc/self/fd/3', ...inProbe('d'), '/bin/probe', 'cwd'])
  t.equal(fd.status, 125)
})

await test('--hostname names the box, in /etc/hostname and /etc/hosts too', async ({ t, name }) => {
  const script =
    'cat /proc/sys/kernel/hostname /etc/hostname; grep -c web-1.example /etc/hosts; echo $HOSTNAME'
  const { stdout } = await tsbox(['run', '--hostname', 'web-1.example', '--name', name(), 'sh', '-c', script])
  t.equal(stdout, 'web-1.example\nweb-1.example\n1\nweb-1.example\n')
  t.not(hostname(), 'web-1.example')
})

await test("--sysctl sets a parameter of the box's own namespaces and refuses those of the host", async ({
  t,
  inProbe,
}) => {
  const options = [
    '--sysctl',
    'net.ipv4.ip_unprivileged_port_start=80',
    '--sysctl',
    'kernel.shmmni=100',
    '--sysctl',
    'kernel.msgmax=9000',
  ]
  const read = async (suffix: string, key: string) =>
    (await tsbox(['run', ...options, ...inProbe(suffix), '/bin/probe', 'sysctl', key])).stdout
  t.equal(await read('a', 'net.ipv4.ip_unprivileged_port_start'), '80\n')
  t.equal(await read('b', 'kernel.shmmni'), '100\n')
  t.not((await outcomeOf('cat', ['/proc/sys/kernel/shmmni'])).stdout, '100\n')
  for (const [i, key] of [
    'kernel.panic=1',
    'vm.swappiness=1',
    'kernel.hostname=x',
    'kernel/core_pattern=x',
    'net.../../kernel/panic=1',
  ].entries()) {
    const { status, stderr } = await tsbox([
      'run',
      '--sysctl',
      key,
      ...inProbe(`c${i}`),
      '/bin/probe',
      'true',
    ])
    t.equal(status, 125, key)
    t.match(stderr, 'ERR_TSBOX_SPEC')
  }
})

await test('the umask is 022 whatever the caller has, and no descriptor but the three comes along', async ({
  t,
  inProbe,
}) => {
  const line = (suffix: string, word: string) =>
    [command(), 'run', ...inProbe(suffix), '/bin/probe', word].map(quoted).join(' ')
  t.equal((await outcomeOf('sh', ['-c', `umask 077; exec ${line('a', 'umask')}`])).stdout, '0022\n')
  const { stdout } = await outcomeOf('sh', ['-c', `exec 5</etc/passwd 9>/dev/null; exec ${line('b', 'fds')}`])
  t.same(
    stdout
      .trim()
      .split('\n')
      .map(row => row.split(' ')[0]),
    ['0', '1', '2'],
  )
})

await test('--net none: loopback, up, and nothing else; --net host: what the host has', async ({
  t,
  inProbe,
}) => {
  const none = await tsbox(['run', ...inProbe('a'), '/bin/probe', 'ifaces'])
  t.match(none.stdout, /^lo flags=0x\w+ up=1$/m)
  t.notMatch(none.stdout, /^(eth|en|wl)\w+ /m)
  const host = await tsbox(['run', '--net', 'host', ...inProbe('b'), '/bin/probe', 'ns'])
  t.match(host.stdout, `net ${(await outcomeOf('readlink', ['/proc/self/ns/net'])).stdout.trim()}\n`)
  const own = await tsbox(['run', ...inProbe('c'), '/bin/probe', 'connect', '127.0.0.1', '1'])
  t.equal(own.stdout, 'connect: errno=111\n', 'loopback answers')
})
