import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import t, { type Test } from 'tap'
import { attackRootfs } from '../helpers/attack.ts'
import { boxesOf } from '../helpers/boxes.ts'
import { canary, canaryState } from '../helpers/canary.ts'
import { control, engineVersion, USUAL_MOUNTS } from '../helpers/control.ts'
import { NOTHING, settled } from '../helpers/residue.ts'

// Family B: links in a hostile root file system, standing still. Those that move are in b-races.test.ts.
const boxes = boxesOf('sec-b')

interface Scene {
  readonly rootfs: string
  readonly bird: string
  /** The canary as a link in the root could name it: absolute, relative, or over a second link. */
  readonly ways: readonly string[]
}

const scene = (t: Test): Scene => {
  const dir = t.testdir()
  const bird = canary(join(dir, 'outside', 'canary'))
  const rootfs = attackRootfs(join(dir, 'rootfs'))
  symlinkSync(bird, join(rootfs, 'hop'))
  return { rootfs, bird, ways: [bird, relative(rootfs, bird), `${'../'.repeat(20)}${bird.slice(1)}`, 'hop'] }
}

const plant = (rootfs: string, name: string, target: string) => {
  const path = join(rootfs, name)
  rmSync(path, { recursive: true, force: true })
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(target, path)
}

for (const row of ['B3', 'B4']) {
  t.test(`${row}: a root whose /proc or /sys is a link starts nothing`, async t => {
    const { rootfs, bird, ways } = scene(t)
    const before = canaryState(bird)
    mkdirSync(join(rootfs, 'elsewhere'))
    mkdirSync(join(rootfs, 'mnt'))
    symlinkSync('mnt/second', join(rootfs, 'chain'))
    symlinkSync('/elsewhere', join(rootfs, 'mnt', 'second'))
    const targets =
      row === 'B3' ? [...ways, '/elsewhere', 'elsewhere', '/nowhere', '/sys'] : ['/chain', 'mnt/second']
    for (const name of ['proc', 'sys']) {
      for (const target of targets) {
        plant(rootfs, name, target)
        const { status, stderr, stdout } = await boxes.run(
          ['--rootfs', rootfs],
          ['/bin/probe', 'echo', 'ran'],
        )
        t.equal(status, 125, `/${name} → ${target.replace(bird, 'CANARY')}: refused`)
        t.equal(stdout, '')
        t.match(stderr, /ERR_TSBOX_/)
      }
      rmSync(join(rootfs, name))
    }
    t.same(canaryState(bird), before, 'the canary is clean')
    const { stdout } = await boxes.run(['--rootfs', rootfs], ['/bin/probe', 'echo', 'ran'])
    t.equal(stdout, 'ran\n', 'without the links it starts')
  })
}

t.test('B2, B5, B23: nothing can be mounted over the kernel’s own trees, nor over the root', async t => {
  const { rootfs, bird } = scene(t)
  const taken = [
    '/proc',
    '/proc/self',
    '/proc/self/attr',
    '/proc/sys',
    '/proc/1',
    '/sys',
    '/sys/fs/cgroup',
    '/dev',
  ]
  for (const target of [...taken, '/', '/.', '/../', '/./proc/', '//proc//sys', '/x/../proc']) {
    for (const option of [
      ['-v', `${bird}:${target}`],
      ['--tmpfs', target],
    ]) {
      const { status, stdout } = await boxes.run(
        ['--rootfs', rootfs, ...option],
        ['/bin/probe', 'echo', 'ran'],
      )
      t.same([status, stdout], [125, ''], option.join(' ').replace(bird, 'CANARY'))
    }
  }
  // A link that leads there is not the same word, and must not lead to the same place.
  const links = { a: 'proc', b: '/proc/self/attr', c: '/sys/fs/cgroup', d: '/proc/sys' }
  for (const [name, target] of Object.entries(links)) {
    plant(rootfs, name, target)
    for (const shown of ['/proc/self/attr', '/proc/sys', '/proc', '/sys/fs/cgroup']) {
      const { stdout, status } = await boxes.run(
        ['--rootfs', rootfs, '-v', `${bird}:/${name}`],
        ['/bin/probe', 'ls', shown],
      )
      if (status === 0) t.notMatch(stdout, /^secret$/m, `/${name} → ${target} does not cover ${shown}`)
      else t.equal(status, 125, `/${name} → ${target} is refused`)
    }
  }
  plant(rootfs, 'e', '/usr')
  const { stdout } = await boxes.run(['--rootfs', rootfs, '-v', `${bird}:/e`], ['/bin/probe', 'ls', '/usr'])
  t.match(stdout, /^secret$/m, 'elsewhere a link is followed, inside the root')
})

t.test('B7, B8: a root whose /dev is a link changes nothing outside', async t => {
  const { rootfs, bird, ways } = scene(t)
  const before = canaryState(bird)
  for (const target of ways) {
    for (const options of [[], ['--read-only'], ['--privileged']]) {
      plant(rootfs, 'dev', target)
      const { status } = await boxes.run(['--rootfs', rootfs, ...options], ['/bin/probe', 'true'])
      t.equal(status, 125, `/dev → ${target.replace(bird, 'CANARY')} ${options}: refused`)
    }
  }
  t.same(canaryState(bird), before, 'the canary is clean, its ptmx too')
})

for (const engine of ['runc', 'crun'] as const) {
  t.test(`B7, B8: the same root, on an older ${engine}`, async t => {
    const version = engineVersion(engine)
    if (version === undefined) return t.comment(`${engine} is not installed: no control`)
    const { rootfs, bird } = scene(t)
    const before = canaryState(bird)
    plant(rootfs, 'dev', bird)
    const mounts = USUAL_MOUNTS.filter(({ destination }) => destination === '/proc')
    await control({
      engine,
      dir: join(t.testdirName, 'control'),
      rootfs,
      args: ['/bin/probe', 'true'],
      mounts,
    })
    const after = canaryState(bird)
    t.comment(
      `${version}: ${after.filter(line => !before.includes(line)).length} entries of the canary changed`,
    )
    if (/ 1\.1\.5|1\.8\.1/.test(version)) t.notSame(after, before, 'there the canary is not clean')
  })
}

t.test('B9, B10, B12: links at /dev/console, /dev/null and the like are covered, not followed', async t => {
  const { rootfs, bird } = scene(t)
  for (const [name, target] of Object.entries({
    console: 'file',
    null: 'null',
    ptmx: 'ptmx',
    zero: 'new',
    fd: 'inner',
  })) {
    plant(rootfs, `dev/${name}`, join(bird, target))
  }
  const before = canaryState(bird)
  for (const options of [[], ['--read-only'], ['-u', '1000']]) {
    const program = ['/bin/probe', 'stat', '/dev/null', '/dev/zero', '/dev/ptmx', '/dev/console']
    const { stdout, stderr } = await boxes.run(['--rootfs', rootfs, ...options], program)
    t.match(
      stdout,
      /^\/dev\/null type=c mode=0666 uid=0 gid=0 rdev=1:3 /m,
      `null is the device ${options} ${stderr}`,
    )
    t.match(stdout, /^\/dev\/zero type=c mode=0666 uid=0 gid=0 rdev=1:5 /m)
    t.match(stdout, /^\/dev\/ptmx type=l /m)
    t.match(stdout, /^\/dev\/console errno=2/m, 'there is no console without a terminal')
  }
  t.same(canaryState(bird), before, 'the canary is clean')
})

t.test('B15: a working directory that leads out is looked for inside, and never made', async t => {
  const { rootfs, bird, ways } = scene(t)
  const before = canaryState(bird)
  for (const target of ways) {
    plant(rootfs, 'a', target)
    const { status } = await boxes.run(
      ['--rootfs', rootfs, '-u', '1000', '-w', '/a/b'],
      ['/bin/probe', 'cwd'],
    )
    t.equal(status, 125, `/a → ${target.replace(bird, 'CANARY')}`)
    t.equal((await boxes.run(['--rootfs', rootfs, '-w', '/a/inner'], ['/bin/probe', 'cwd'])).status, 125)
  }
  plant(rootfs, 'a', '/bin')
  t.equal((await boxes.run(['--rootfs', rootfs, '-w', '/a'], ['/bin/probe', 'cwd'])).stdout, '/bin\n')
  t.same(canaryState(bird), before, 'the canary is clean')
})

t.test('B16, I11: links where other engines write files are left alone', async t => {
  const { rootfs, bird } = scene(t)
  const names = [
    'etc/hosts',
    'etc/hostname',
    'etc/resolv.conf',
    'etc/passwd',
    'etc/mtab',
    '.dockerenv',
    'run/secrets',
  ]
  for (const [i, name] of names.entries()) plant(rootfs, name, join(bird, i % 2 ? 'file' : `new${i}`))
  const before = canaryState(bird)
  for (const options of [
    ['--rootfs', rootfs],
    ['--layer', rootfs],
  ])
    t.equal((await boxes.run([...options, '-u', '1000'], ['/bin/probe', 'true'])).status, 0)
  t.same(canaryState(bird), before, 'the canary is clean')
})

t.test(
  'B17: a root that turned hostile between two boxes of one name gets nothing the first had',
  async t => {
    const { rootfs, bird } = scene(t)
    const before = canaryState(bird)
    const again = ['--name', `${boxes.marker}-again`, '--rootfs', rootfs]
    t.equal((await boxes.run(again, ['/bin/probe', 'true'])).status, 0)
    for (const name of ['etc/mtab', 'dev', 'proc']) plant(rootfs, name, bird)
    t.equal((await boxes.run(again, ['/bin/probe', 'true'])).status, 125)
    t.same(canaryState(bird), before, 'the canary is clean')
  },
)

t.test('B18, G5: mount targets below links land inside the root, or nowhere', async t => {
  const { rootfs, bird, ways } = scene(t)
  const before = canaryState(bird)
  writeFileSync(join(t.testdirName, 'mine'), 'mine')
  for (const [i, target] of [...ways, '/nowhere/at/all', '../../../../../..'].entries()) {
    plant(rootfs, `link${i}`, target)
    for (const option of [
      ['--tmpfs', `/link${i}/x`],
      ['-v', `${join(t.testdirName, 'mine')}:/link${i}/y`],
    ]) {
      const { stdout, status } = await boxes.run(['--rootfs', rootfs, ...option], ['/bin/probe', 'mountinfo'])
      const at = option[1]?.replace(/^.*:/, '').replace(/^.*\//, '/')
      t.equal(status, 0, `${option[0]} below → ${target.replace(bird, 'CANARY')}`)
      t.match(stdout, new RegExp(`${at} `), 'the mount is in the box')
    }
  }
  for (let i = 0; i < 45; i++) plant(rootfs, `deep${i}`, i === 44 ? 'deep0' : `deep${i + 1}`)
  const { status, stderr } = await boxes.run(
    ['--rootfs', rootfs, '--tmpfs', '/deep0/x'],
    ['/bin/probe', 'true'],
  )
  t.equal(status, 125, `a loop of links ends ${stderr}`)
  t.same(canaryState(bird), before, 'the canary is clean')
})

t.test('B27: links that honest images have still work', async t => {
  const { rootfs } = scene(t)
  const volume = join(t.testdirName, 'volume')
  mkdirSync(volume)
  writeFileSync(join(volume, 'there'), '')
  mkdirSync(join(rootfs, 'run'))
  plant(rootfs, 'usr/sbin', '/bin')
  plant(rootfs, 'var/run', '/run')
  plant(rootfs, 'etc/mtab', '/proc/mounts')
  plant(rootfs, 'etc/static', '/nix/store/etc')
  const into = async (target: string, shown: string) => {
    const options = ['--rootfs', rootfs, '-v', `${volume}:${target}`]
    const { stdout, stderr } = await boxes.run(options, ['/bin/probe', 'ls', shown])
    t.equal(stdout, 'there\n', `${target} is seen at ${shown} ${stderr}`)
  }
  await into('/var/run/app', '/run/app')
  await into('/usr/sbin/app', '/bin/app')
  await into('/etc/static/app', '/nix/store/etc/app')
  t.match((await boxes.run(['--rootfs', rootfs], ['/bin/probe', 'cat', '/etc/mtab'])).stdout, / \/proc proc /)
  t.equal((await boxes.run(['--rootfs', rootfs], ['/usr/sbin/probe', 'true'])).status, 0)
})

t.test('B2–B27: nothing is left', async t => {
  t.same(await settled(boxes.marker), NOTHING)
})
