// What is mounted in a box: the kernel's own trees, volumes, tmpfs; what is hidden and what cannot be written.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { boxTests } from '../helpers/box-test.ts'
import { command, outcomeOf, tsbox } from '../helpers/command.ts'
import { quoted } from '../helpers/pty.ts'

const test = boxTests(import.meta.filename)

await test('-v: a directory and a file of the host, to read and to write', async ({ t, inProbe, dir }) => {
  mkdirSync(join(dir, 'data'))
  writeFileSync(join(dir, 'data', 'in'), 'from the host\n')
  writeFileSync(join(dir, 'one'), 'a file\n')
  const volumes = ['-v', `${dir}/data:/srv/deep/data`, '-v', `${dir}/one:/etc/one`]
  const read = await tsbox([
    'run',
    ...volumes,
    ...inProbe('a'),
    '/bin/probe',
    'cat',
    '/srv/deep/data/in',
    '/etc/one',
  ])
  t.equal(read.stdout, 'from the host\na file\n')
  await tsbox(['run', ...volumes, ...inProbe('b'), '/bin/probe', 'write', '/srv/deep/data/out', 'of the box'])
  t.equal(readFileSync(join(dir, 'data', 'out'), 'utf8'), 'of the box')
  await tsbox(['run', ...volumes, ...inProbe('c'), '/bin/probe', 'write', '/etc/one', 'changed'])
  t.equal(readFileSync(join(dir, 'one'), 'utf8'), 'changed')
})

await test('-v: a relative source is one of the working directory', async ({ t, inProbe, dir }) => {
  writeFileSync(join(dir, 'one'), 'a file\n')
  const args = ['run', '-v', './one:/one', ...inProbe(), '/bin/probe', 'cat', '/one']
  t.equal((await tsbox(args, { cwd: dir })).stdout, 'a file\n')
})

await test('-v …:ro cannot be written, nor can what is mounted below it', async ({ t, inProbe, dir }) => {
  mkdirSync(join(dir, 'data', 'below'), { recursive: true })
  const args = ['run', '-v', `${dir}/data:/data:ro`, ...inProbe()]
  // The mount below exists in a mount namespace of this test only.
  const inNamespace = (suffix: string, words: string[]) => {
    const line = [command(), ...args.slice(0, -1), `${args.at(-1)}${suffix}`, '/bin/probe', ...words]
      .map(quoted)
      .join(' ')
    return outcomeOf('unshare', [
      '-m',
      'sh',
      '-c',
      `mount -t tmpfs tmpfs ${quoted(`${dir}/data/below`)} && exec ${line}`,
    ])
  }
  t.equal((await inNamespace('a', ['write', '/data/x', 'x'])).stdout, 'write: errno=30\n')
  t.equal((await inNamespace('b', ['write', '/data/below/x', 'x'])).stdout, 'write: errno=30\n')
  const mounts = (await inNamespace('c', ['mountinfo'])).stdout
  t.match(mounts, / \/data\/below ro,\S* - tmpfs /, 'the mount below came along')
})

await test('-v: mounts that the host makes later stay outside', async ({ t, inProbe, dir }) => {
  mkdirSync(join(dir, 'data'))
  const { stdout } = await tsbox(['run', '-v', `${dir}/data:/data`, ...inProbe(), '/bin/probe', 'mountinfo'])
  t.notMatch(stdout, /(shared|master):\d/, 'no mount of the box receives or sends mounts')
})

await test('-v: device nodes in a volume are dead, and its set-user-ID bits without effect', async ({
  t,
  inProbe,
  dir,
}) => {
  mkdirSync(join(dir, 'data'))
  await outcomeOf('mknod', [join(dir, 'data', 'null'), 'c', '1', '3'])
  const { stdout } = await tsbox([
    'run',
    '-v',
    `${dir}/data:/data`,
    ...inProbe('a'),
    '/bin/probe',
    'open',
    '/data/null',
    'rw',
  ])
  t.equal(stdout, 'open: errno=13\n')
  const status = await tsbox(['run', ...inProbe('b'), '/bin/probe', 'status'])
  t.match(status.stdout, 'NoNewPrivs:\t1')
})

await test('-v: a target that is a link stays inside the root', async ({ t, inProbe, rootfs, dir }) => {
  inProbe()
  const outside = join(dir, 'outside')
  mkdirSync(outside)
  mkdirSync(join(dir, 'data'))
  writeFileSync(join(dir, 'data', 'in'), 'volume\n')
  symlinkSync(outside, join(rootfs, 'link'))
  const args = ['run', '-v', `${dir}/data:/link/v`, ...inProbe(), '/bin/probe', 'cat', '/link/v/in']
  t.equal((await tsbox(args)).stdout, 'volume\n')
  t.equal((await outcomeOf('ls', ['-A', outside])).stdout, '', 'nothing was made outside')
})

await test('-v: a source that is missing is refused before anything is made', async ({ t, inProbe, dir }) => {
  const { status, stderr } = await tsbox(['run', '-v', `${dir}/none:/x`, ...inProbe(), '/bin/probe', 'true'])
  t.equal(status, 125)
  t.match(stderr, 'ERR_TSBOX_ROOTFS')
  t.match(stderr, 'does not exist')
})

await test('--tmpfs: empty, as large and with the mode that was asked for', async ({ t, inProbe, name }) => {
  const options = ['--tmpfs', '/scratch:size=1m,mode=700', '--tmpfs', '/plain']
  const { stdout } = await tsbox([
    'run',
    ...options,
    ...inProbe('a'),
    '/bin/probe',
    'stat',
    '/scratch',
    '/plain',
  ])
  t.match(stdout, /\/scratch type=d mode=0700 /)
  t.match(stdout, /\/plain type=d mode=1777 /)
  const mounts = (await tsbox(['run', ...options, ...inProbe('b'), '/bin/probe', 'mountinfo'])).stdout
  t.match(mounts, / \/scratch rw,nosuid,nodev\S* - tmpfs \S+ rw,size=1024k,mode=700/)
  t.match(mounts, / \/plain rw,nosuid,nodev\S* - tmpfs \S+ rw,size=65536k/)
  const full = ['sh', '-c', 'dd if=/dev/zero of=/scratch/x bs=64k count=32 2>&1; stat -c %s /scratch/x']
  t.match(
    (await tsbox(['run', ...options, '--name', name('c'), ...full])).stdout,
    /No space left[\s\S]*\n1048576\n$/,
  )
})

await test('--read-only: the root cannot be written; tmpfs, volumes and /dev/shm can', async ({
  t,
  inProbe,
  dir,
}) => {
  mkdirSync(join(dir, 'data'))
  const options = ['--read-only', '--tmpfs', '/tmp', '-v', `${dir}/data:/data`]
  const write = async (suffix: string, path: string) =>
    (await tsbox(['run', ...options, ...inProbe(suffix), '/bin/probe', 'write', path, 'x'])).stdout
  t.equal(await write('a', '/x'), 'write: errno=30\n')
  t.equal(await write('b', '/bin/probe'), 'write: errno=30\n')
  t.equal(await write('c', '/tmp/x'), 'write: ok\n')
  t.equal(await write('d', '/data/x'), 'write: ok\n')
  t.equal(await write('e', '/dev/shm/x'), 'write: ok\n')
})

await test("--read-only holds for the host's userland too, /usr included", async ({ t, name }) => {
  const script = 'for d in / /usr /usr/bin /etc /var/tmp; do echo x > $d/x; done 2>&1; true'
  const { stdout } = await tsbox(['run', '--read-only', '--name', name(), 'sh', '-c', script])
  t.equal(stdout.match(/Read-only file system/g)?.length, 5, stdout)
  const volume = await tsbox([
    'run',
    '--read-only',
    '--tmpfs',
    '/usr/made',
    '--name',
    name('b'),
    'touch',
    '/usr/made/x',
  ])
  t.equal(volume.status, 0, 'a mount point that is missing in /usr is made before that')
})

const DEVICES = { null: '1:3', zero: '1:5', full: '1:7', random: '1:8', urandom: '1:9', tty: '5:0' }
await test('/dev holds the six devices every program expects, and no other', async ({ t, inProbe }) => {
  const names = (await tsbox(['run', ...inProbe('a'), '/bin/probe', 'ls', '/dev'])).stdout.trim().split('\n')
  const expected = [
    ...Object.keys(DEVICES),
    'fd',
    'mqueue',
    'ptmx',
    'pts',
    'shm',
    'stderr',
    'stdin',
    'stdout',
  ]
  t.same(names, expected.sort())
  const paths = Object.keys(DEVICES).map(device => `/dev/${device}`)
  const { stdout } = await tsbox(['run', ...inProbe('b'), '/bin/probe', 'stat', ...paths])
  for (const [device, number] of Object.entries(DEVICES)) {
    t.match(stdout, `/dev/${device} type=c mode=0666 uid=0 gid=0 rdev=${number} `)
  }
})

await test('the devices work, and so do /dev/fd, /dev/stdout, /dev/shm and /dev/mqueue', async ({
  t,
  name,
}) => {
  const script = [
    'echo x > /dev/null && echo null',
    'head -c 3 /dev/zero | od -An -tx1',
    'head -c 8 /dev/urandom | wc -c',
    'echo x > /dev/full || echo full',
    // Into a pipe of the shell: what Node gives its children are sockets, and those cannot be opened by name.
    'echo out > /dev/stdout | cat',
    'echo piped | cat /dev/fd/0',
    'echo shm > /dev/shm/x && cat /dev/shm/x',
    'test -d /dev/mqueue && stat -f -c %T /dev/mqueue',
  ].join('\n')
  const { stdout } = await tsbox(['run', '--name', name(), 'sh', '-c', script])
  t.match(stdout, /^null\n 00 00 00\n8\nfull\nout\npiped\nshm\n/)
})

await test("/proc is the box's own, /sys cannot be written, and neither can what would change the host", async box => {
  const { t, inProbe } = box
  const mounts = (await tsbox(['run', ...inProbe('a'), '/bin/probe', 'mountinfo'])).stdout
  t.match(mounts, / \/proc rw,nosuid,nodev,noexec\S* - proc /)
  t.match(mounts, / \/sys ro,nosuid,nodev,noexec\S* - sysfs /)
  for (const path of ['/proc/sys', '/proc/bus', '/proc/fs', '/proc/irq']) t.match(mounts, ` ${path} ro,`)
  const open = async (path: string) =>
    (await tsbox(['run', ...inProbe(`b${path.replaceAll('/', '-')}`), '/bin/probe', 'open', path, 'w']))
      .stdout
  for (const path of ['/proc/sys/kernel/hostname', '/proc/sys/vm/drop_caches', '/proc/sysrq-trigger']) {
    t.match(await open(path), /open: errno=(30|2)\n/, path)
  }
  t.match(await open('/sys/kernel/uevent_helper'), /open: errno=(30|2)\n/)
  t.match(await open('/sys/fs/cgroup/cgroup.procs'), /open: errno=(30|2)\n/)
})

await test('what tells of the host is covered: it can be opened and holds nothing', async ({
  t,
  inProbe,
}) => {
  const paths = [
    '/proc/kcore',
    '/proc/keys',
    '/proc/timer_list',
    '/proc/interrupts',
    '/sys/firmware',
    '/proc/acpi',
    '/proc/scsi',
  ]
  const { stdout } = await tsbox(['run', ...inProbe('a'), '/bin/probe', 'stat', ...paths])
  for (const row of stdout.trim().split('\n')) {
    t.match(
      row,
      / (errno=2|type=c mode=0666 uid=0 gid=0 rdev=1:3 .*|type=d mode=\d+ .* size=40)$/,
      row.split(' ')[0] ?? '',
    )
  }
  const files = await tsbox([
    'run',
    ...inProbe('b'),
    '/bin/probe',
    'cat',
    '/proc/keys',
    '/proc/timer_list',
    '/proc/interrupts',
  ])
  t.equal(files.stdout.replaceAll(/cat: errno=2\n/g, ''), '')
})

await test('a box sees its own group, read-only, and can size itself by it', async ({ t, name }) => {
  const find =
    'cat $(find /sys/fs/cgroup -maxdepth 2 -name "memory.limit_in_bytes" -o -maxdepth 2 -name memory.max)'
  const { stdout } = await tsbox(['run', '--memory', '64Mi', '--name', name(), 'sh', '-c', find])
  t.equal(stdout, `${64 * 2 ** 20}\n`)
})
