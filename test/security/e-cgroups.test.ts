import { execFileSync, spawn } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { detectHost } from '../../packages/cgroups/src/index.ts'
import { attackRootfs, ready } from '../helpers/attack.ts'
import { boxesOf, collect } from '../helpers/boxes.ts'
import { command } from '../helpers/command.ts'
import { NOTHING, settled, snapshot } from '../helpers/residue.ts'

// Family E: cgroups and devices.
const boxes = boxesOf('sec-e')
const host = detectHost()
/** The hierarchy that counts processes. */
const pidsMount = host.v1.pids ?? host.unified?.mount ?? ''
/** One in which a group can be frozen. */
const freezerMount = host.v1.freezer ?? host.unified?.mount ?? ''

const inBox = (t: Test) => {
  const rootfs = attackRootfs(join(t.testdir(), 'rootfs'))
  return (options: readonly string[], ...program: string[]) =>
    boxes.run(['--rootfs', rootfs, ...options], program)
}

const DEVICES = {
  mem: [1, 1],
  'disk (loop0)': [7, 0],
  fuse: [10, 229],
  kmsg: [1, 11],
  tun: [10, 200],
  ram: [1, 0],
} as const

t.test('E3, E4, L13: devices of the host can neither be made nor opened', async t => {
  const run = inBox(t)
  for (const [name, [major, minor]] of Object.entries(DEVICES)) {
    const type = name.startsWith('disk') || name === 'ram' ? 'b' : 'c'
    const node = ['/bin/probe', 'mknod', `/dev/${type}${major}-${minor}`, type, String(major), String(minor)]
    t.match((await run([], ...node)).stdout, /mknod: errno=1$/m, name)
  }
  for (const name of ['null', 'zero', 'full', 'random', 'urandom'])
    t.match(
      (await run([], '/bin/probe', 'open', `/dev/${name}`, 'rw')).stdout,
      /open: ok/,
      `/dev/${name} works`,
    )
  t.same(
    (await run([], '/bin/probe', 'ls', '/dev')).stdout.trim().split('\n'),
    [
      'fd',
      'full',
      'mqueue',
      'null',
      'ptmx',
      'pts',
      'random',
      'shm',
      'stderr',
      'stdin',
      'stdout',
      'tty',
      'urandom',
      'zero',
    ],
    'and there is nothing else',
  )
  t.match(
    (await run(['--privileged'], '/bin/probe', 'mknod', '/dev/x', 'c', '1', '1')).stdout,
    /mknod: ok/,
    'a privileged box can make one',
  )
})

t.test('E4: a device in a volume cannot be opened', async t => {
  const run = inBox(t)
  const volume = join(t.testdirName, 'volume')
  mkdirSync(volume)
  execFileSync('mknod', [join(volume, 'mine'), 'c', '1', '3'])
  t.match((await run(['-v', `${volume}:/v`], '/bin/probe', 'open', '/v/mine', 'r')).stdout, /errno=13/)
  t.match(
    (await run(['-v', `${volume}:/v`, '--privileged'], '/bin/probe', 'open', '/v/mine', 'r')).stdout,
    /open: ok/,
  )
})

t.test('E4: a device in a root or a layer cannot be opened', async t => {
  const root = attackRootfs(join(t.testdir(), 'rootfs'))
  execFileSync('mknod', [join(root, 'mine'), 'c', '1', '3'])
  for (const option of ['--rootfs', '--layer']) {
    const open = ['/bin/probe', 'open', '/mine', 'r']
    t.match((await boxes.run([option, root], open)).stdout, /errno=13/, option)
    t.match((await boxes.run([option, root, '--privileged'], open)).stdout, /open: ok/, option)
  }
})

t.test('E5: a cgroup’s path cannot leave the tree', async t => {
  const run = inBox(t)
  const victim = join(pidsMount, `${boxes.marker}-victim`)
  mkdirSync(victim)
  const before = () =>
    readdirSync(victim)
      .filter(name => !name.includes('.'))
      .concat(readFileSync(join(victim, 'cgroup.procs'), 'utf8'))
  const state = before()
  const bad = [
    '../x',
    'a/../../x',
    './../x',
    '/../x',
    '/a/../b',
    `/a/../../${boxes.marker}-victim`,
    '',
    '.',
    '/./a',
    'relative',
    '/a//b',
    '/a\nb',
    `/${'x'.repeat(300)}`,
    `/${'x/'.repeat(2000)}x`,
  ]
  for (const parent of bad) {
    const { status, stderr } = await run([`--cgroup-parent=${parent}`], '/bin/probe', 'true')
    t.equal(status, 125, JSON.stringify(parent.slice(0, 40)))
    t.match(stderr, /ERR_TSBOX_SPEC/)
  }
  t.same(before(), state, 'the group beside it is what it was')
  const { stdout } = await run([`--cgroup-parent=/${boxes.marker}`], '/bin/probe', 'cat', '/proc/1/cgroup')
  t.match(stdout, /:\/$/m, 'a proper one is taken, and the box sees it as its root')
  rmdirSync(victim)
})

t.test('E6, E9: the limits hold the first process and its children, by default too', async t => {
  const run = inBox(t)
  t.match((await run(['--pids', '20'], '/bin/probe', 'fork', '100')).stdout, /forked 19 errno=11/)
  const usual = Number(/forked (\d+)/.exec((await run([], '/bin/probe', 'fork', '3000')).stdout)?.[1])
  t.ok(usual > 500 && usual < 1024, `without a word there is a limit: ${usual}`)
  if (host.v1.memory === undefined && !host.unified?.controllers.includes('memory'))
    return t.comment('no memory controller here')
  const { status } = await run(['--memory', '64Mi'], '/bin/probe', 'alloc', String(256 << 20))
  t.equal(status, 137, 'four times its memory is not to be had')
  t.equal((await run(['--memory', '64Mi'], '/bin/probe', 'alloc', String(16 << 20))).status, 0)
})

t.test('E7: a group that is there already, populated or frozen, is refused at once', async t => {
  const run = inBox(t)
  const parent = `/${boxes.marker}-taken`
  for (const [mount, kind] of [
    [pidsMount, 'populated'],
    [freezerMount, 'frozen'],
  ] as const) {
    const group = join(mount, parent, `${kind}-${process.pid}`)
    mkdirSync(group, { recursive: true })
    const child = spawn('sleep', ['60'])
    writeFileSync(join(group, 'cgroup.procs'), String(child.pid))
    const freeze = existsSync(join(group, 'freezer.state'))
      ? ['freezer.state', 'FROZEN', 'THAWED']
      : ['cgroup.freeze', '1', '0']
    if (kind === 'frozen') writeFileSync(join(group, freeze[0] ?? ''), freeze[1] ?? '')
    const began = Date.now()
    const { status } = await run(
      ['--cgroup-parent', parent, '--name', `${kind}-${process.pid}`],
      '/bin/probe',
      'true',
    )
    // A box does not need the hierarchy of the freezer on every host: then it is not in that group at all.
    if (kind === 'populated') t.equal(status, 125, 'a populated one is refused')
    t.ok(Date.now() - began < 5000 * (process.env.TSBOX_TEST_VM ? 10 : 1), `${kind}: without waiting`)
    t.equal(
      readFileSync(join(group, 'cgroup.procs'), 'utf8').trim(),
      String(child.pid),
      'and who is in it stays',
    )
    if (kind === 'frozen') writeFileSync(join(group, freeze[0] ?? ''), freeze[2] ?? '')
    const ended = collect(child)
    child.kill('SIGKILL')
    await ended
    for (let i = 0; i < 200 && existsSync(group); i++) {
      try {
        rmdirSync(group)
      } catch {
        await new Promise(resolve => setTimeout(resolve, 10))
      }
    }
    if (existsSync(join(mount, parent))) rmdirSync(join(mount, parent))
  }
})

t.test('E8: memory file systems end where they were told to', async t => {
  const options = ['--tmpfs', '/t:size=1m', '--memory', '64Mi']
  const fill = (path: string) => ['/bin/sh', '-c', `head -c 200000000 /dev/zero >${path}; ls -ln ${path}`]
  const size = async (path: string) => Number((await boxes.run(options, fill(path))).stdout.split(/\s+/)[4])
  t.equal(await size('/t/x'), 1 << 20)
  for (const path of ['/dev/x', '/dev/shm/x', '/tmp/x']) {
    const bytes = await size(path)
    // At the memory limit the writer is killed, and says nothing more.
    t.ok(Number.isNaN(bytes) || bytes <= 64 << 20, `${path}: ${bytes}`)
  }
})

t.test('E10: processes that fork without end are gone with their box', async t => {
  const rootfs = attackRootfs(join(t.testdir(), 'rootfs'))
  for (const options of [[], ['--init']]) {
    const parent = `${boxes.marker}-forks${options.length}`
    const args = boxes.args(
      [
        '--rootfs',
        rootfs,
        '--pids',
        '40',
        '--cgroup-parent',
        `/${parent}`,
        '--stop-timeout',
        '1s',
        ...options,
      ],
      ['/bin/attack', 'forks'],
    )
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const child = spawn(command(), args)
      const done = collect(child)
      await ready(child, 'forking')
      t.ok(snapshot(parent).cgroups.length > 1, 'they run')
      child.kill(signal)
      await done
      t.same(await settled(parent), NOTHING, `after ${signal} to the supervisor ${options} none is left`)
    }
  }
})

t.test('E12: the devices of the host keep their owner and mode', async t => {
  const run = inBox(t)
  const state = () =>
    ['/dev/null', '/dev/zero', '/dev/tty', '/dev/full'].map(path => {
      const s = lstatSync(path)
      return `${path} ${s.uid}:${s.gid} ${s.mode.toString(8)} ${s.ino}`
    })
  const before = state()
  for (let i = 0; i < 10; i++)
    t.equal((await run(['-u', '1000'], '/bin/probe', 'open', '/dev/null', 'rw')).status, 0)
  t.same(state(), before)
})

t.test('E3–E12: nothing is left', async t => {
  t.same(await settled(boxes.marker), NOTHING)
})
