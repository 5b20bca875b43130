// The seed, row by row: a container from scratch, through the installed command.
import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { boxTests } from '../helpers/box-test.ts'
import { tsbox } from '../helpers/command.ts'
import { groupFile } from '../helpers/groups.ts'
import { eventually, startBox } from '../helpers/live-box.ts'

const test = boxTests(import.meta.filename)
const BOMB = ':(){ :|:& };:'

/** The host's own namespace of a kind, as the text the kernel gives it. */
const readNamespace = (kind: string): string => readlinkSync(`/proc/self/ns/${kind}`)

await test('echo Hello World prints just that', async ({ t, name }) => {
  const { stdout, stderr, status } = await tsbox(['run', '--name', name(), 'echo', 'Hello', 'World'])
  t.equal(stdout, 'Hello World\n')
  t.equal(stderr, '')
  t.equal(status, 0)
})

await test('/bin/bash runs what is typed and sees itself as process 1', async ({ t, name }) => {
  const input = 'echo "pid $$ on $(cat /proc/sys/kernel/hostname) in $PWD"\nexit 7\n'
  const { stdout, status } = await tsbox(['run', '--name', name(), '/bin/bash'], { input })
  t.equal(stdout, 'pid 1 on container in /\n')
  t.equal(status, 7)
})

await test('the host name is container inside and stays what it was outside', async ({ t, inProbe }) => {
  const before = hostname()
  const { stdout } = await tsbox(['run', ...inProbe(), '/bin/probe', 'hostname'])
  t.equal(stdout, 'container\n')
  t.equal(hostname(), before)
  t.not(before, 'container', 'so the test can tell the two apart')
})

await test('the program is process 1 and sees no other process', async ({ t, inProbe }) => {
  const status = await tsbox(['run', ...inProbe('a'), '/bin/probe', 'status'])
  t.match(status.stdout, /^Pid:\t1$/m)
  t.match(status.stdout, /^PPid:\t0$/m)
  const ls = await tsbox(['run', ...inProbe('b'), '/bin/probe', 'ls', '/proc'])
  t.same(
    ls.stdout.split('\n').filter(entry => /^\d+$/.test(entry)),
    ['1'],
  )
})

await test('namespaces are its own: not one but the user namespace is shared with the host', async box => {
  const { t, inProbe } = box
  const { stdout } = await tsbox(['run', ...inProbe(), '/bin/probe', 'ns'])
  const inside = Object.fromEntries(stdout.split('\n').map(row => row.split(' ') as [string, string]))
  const own = (await tsbox(['run', '--root', 'host', '--name', box.name('h'), 'readlink', '/proc/1/ns/user']))
    .stdout
  for (const kind of ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts']) {
    t.match(inside[kind], /^[a-z]+:\[\d+\]$/)
    t.not(inside[kind], readNamespace(kind), kind)
  }
  t.equal(inside.user, readNamespace('user'))
  t.equal(own.trim(), readNamespace('user'))
})

await test('the rootfs is bound on itself and is the root; the old root is gone', async ({
  t,
  inProbe,
  rootfs,
}) => {
  const mounts = (await tsbox(['run', ...inProbe('a'), '/bin/probe', 'mountinfo'])).stdout.trim().split('\n')
  const roots = mounts.map(row => row.split(' ')).filter(([, , , , target]) => target === '/')
  t.equal(roots.length, 1, 'one root')
  t.ok(rootfs.endsWith(roots[0]?.[3] ?? '?'), 'which is the directory')
  t.notMatch(mounts.join('\n'), /oldroot/)
  const targets = mounts.map(row => row.split(' ')[4] ?? '')
  t.same(
    targets.filter(target => !/^\/($|proc|sys|dev)/.test(target)),
    [],
    'nothing is mounted but the root and the trees of the kernel',
  )
  const ls = await tsbox(['run', ...inProbe('b'), '/bin/probe', 'ls', '/'])
  t.same(ls.stdout.trim().split('\n'), ['bin', 'dev', 'proc', 'sys'])
  t.notOk(existsSync(join(rootfs, 'oldrootfs')))
})

await test('it starts in / and cannot climb above it', async ({ t, inProbe, rootfs }) => {
  t.equal((await tsbox(['run', ...inProbe('a'), '/bin/probe', 'cwd'])).stdout, '/\n')
  const up = await tsbox(['run', ...inProbe('b'), '/bin/probe', 'stat', '/../../..', '/'])
  const [above, root] = up.stdout
    .trim()
    .split('\n')
    .map(row => /ino=\d+/.exec(row)?.[0])
  t.equal(above, root)
  const climbed = await tsbox(['run', ...inProbe('c'), '/bin/probe', 'hostmark', rootfs])
  t.equal(climbed.stdout, 'hostmark: errno=2\n')
})

await test('standard input, output and error pass through, byte for byte', async ({ t, name }) => {
  const input = `${Array.from({ length: 20_000 }, (_, i) => `line ${i}`).join('\n')}\n`
  const copy = await tsbox(['run', '--name', name('a'), 'cat'], { input })
  t.equal(copy.stdout.length, input.length)
  t.ok(copy.stdout === input)
  const both = await tsbox(['run', '--name', name('b'), 'sh', '-c', 'echo out; echo err >&2'])
  t.equal(both.stdout, 'out\n')
  t.equal(both.stderr, 'err\n')
  const none = await tsbox(['run', '--name', name('c'), 'cat'], { input: '' })
  t.equal(none.status, 0, 'the end of the input is passed on too')
})

await test('a fork bomb is held at 20, the host stays responsive, and the box can be stopped', async box => {
  const { t, name, dir } = box
  const receipt = join(dir, 'receipt.json')
  const args = ['--pids', '20', '--receipt', receipt, '--stop-timeout', '1s', '--name', name()]
  // `read` keeps process 1 there: a box ends with its first program, and the bomb with it.
  const bomb = startBox(['run', ...args, 'bash', '-c', `echo up; ${BOMB}; read -r _`])
  await bomb.until(/up/)
  const hits = () =>
    Number(/max (\d+)/.exec(groupFile(name(), 'pids', { v1: 'pids.events', v2: 'pids.events' }))?.[1])
  t.ok(await eventually(() => hits() > 0), 'the kernel refuses forks')
  t.equal(groupFile(name(), 'pids', { v1: 'pids.max', v2: 'pids.max' }), '20')
  for (let look = 0; look < 50; look++) {
    const now = Number(groupFile(name(), 'pids', { v1: 'pids.current', v2: 'pids.current' }))
    if (now > 20) t.fail(`${now} processes`)
  }
  const other = await tsbox([
    'run',
    '--name',
    name('other'),
    'sh',
    '-c',
    'for i in 1 2 3; do /bin/true; done; echo well',
  ])
  t.equal(other.stdout, 'well\n', 'processes start on the host and in other boxes meanwhile')
  bomb.child.kill('SIGTERM')
  const { status, stderr } = await bomb.ended
  t.ok(status === 143 || status === 137, `stopped, status ${status}`)
  t.match(stderr, /tsbox: the box hit its limit of 20 processes (once|\d+ times)/)
  const told = JSON.parse(readFileSync(receipt, 'utf8'))
  t.equal(told.cause, 'stopped')
  t.ok(told.limits.pidsLimitHits > 0, `hit ${told.limits.pidsLimitHits} times`)
  t.ok(told.usage.pids.peak === undefined || told.usage.pids.peak <= 20)
})

await test("the seed's own line, without anything to keep it, ends with its shell and leaves nothing", async box => {
  const { status } = await tsbox(['run', '--pids', '20', '--name', box.name(), 'bash', '-c', BOMB], {
    patience: 60_000,
  })
  // The bomb may be faster than the second fork of bash itself, which then tries again for half a minute and ends with 254.
  box.t.ok(status === 0 || status === 254, `status ${status}`)
})

await test('the limit is exact: 19 more processes beside the first, and no more', async ({ t, inProbe }) => {
  const { stdout, stderr } = await tsbox(['run', '--pids', '20', ...inProbe(), '/bin/probe', 'fork', '100'])
  t.equal(stdout, 'forked 19 errno=11\n')
  t.equal(stderr, 'tsbox: the box hit its limit of 20 processes once\n')
})
