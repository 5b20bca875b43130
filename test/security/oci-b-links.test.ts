// Family B against the OCI runtime: links in a hostile root that stand still. Those that move are in oci-b-races.test.ts.
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { canaryState } from '../helpers/canary.ts'
import { MOUNTS, PROC } from '../oci/helpers/config.ts'
import { ociTests } from '../oci/helpers/oci-test.ts'
import { program, sceneOf } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)
const SYS = {
  destination: '/sys',
  type: 'sysfs',
  source: 'sysfs',
  options: ['nosuid', 'noexec', 'nodev', 'ro'],
}
const ECHO = program('/bin/probe', 'echo', 'ran')

for (const [row, words] of [
  ['B3', 'is a link'],
  ['B4', 'is the first of a chain of links'],
] as const) {
  await test(`${row}: a root whose /proc or /sys ${words} starts nothing`, {}, async oci => {
    const { t, tsbox } = oci
    const { rootfs, ways, plant, run, bundle, changes } = sceneOf(oci)
    for (const dir of ['elsewhere', 'mnt']) mkdirSync(join(rootfs, dir))
    symlinkSync('mnt/second', join(rootfs, 'chain'))
    symlinkSync('/elsewhere', join(rootfs, 'mnt', 'second'))
    const targets =
      row === 'B3' ? [...ways, '/elsewhere', 'elsewhere', '/nowhere', '/sys'] : ['/chain', 'mnt/second']
    const wanted = { ...ECHO, mounts: [...MOUNTS, SYS] }
    for (const name of ['proc', 'sys']) {
      for (const target of targets) {
        plant(name, target)
        const { status, stdout, stderr } = await run(wanted)
        t.same([status, stdout], [1, ''], `/${name} → ${target.replace(oci.dir, 'DIR')}: refused`)
        t.match(stderr, new RegExp(`mounts\\[\\d\\].*/${name}`), 'naming the mount')
      }
      const { id, dir } = bundle(wanted)
      t.equal((await tsbox(['create', '--bundle', dir, id])).status, 1, `create refuses it too: /${name}`)
      rmSync(join(rootfs, name))
    }
    t.same(changes(), [], 'the canary is clean')
    t.match(await run(wanted), { status: 0, stdout: 'ran\n' }, 'without the links it starts')
  })
}

await test('B15: a working directory that leads out is made inside, or not at all', {}, async oci => {
  const { t } = oci
  const { rootfs, ways, plant, run, changes } = sceneOf(oci)
  const user = { uid: 1000, gid: 1000 }
  for (const [i, target] of ways.entries()) {
    plant('a', target)
    const { status, stdout, stderr } = await run({
      process: { args: ['/bin/probe', 'cwd'], cwd: `/a/b${i}`, user },
    })
    const inside = status === 0 && stdout.endsWith(`/b${i}\n`)
    t.ok(inside || /process\.cwd/.test(stderr), `/a → ${target.replace(oci.dir, 'DIR')}: ${stdout}${stderr}`)
    // From far below, and as an absolute path, it leads to the same words inside.
    if (inside) t.ok(existsSync(join(rootfs, stdout.trim())), 'it is in the root')
  }
  t.same(changes(), [], 'the canary is clean, its owners too')
  plant('a', '/bin')
  t.equal((await run({ process: { args: ['/bin/probe', 'cwd'], cwd: '/a' } })).stdout, '/bin\n')
})

await test('B16, I11: nothing is written where other engines generate files', {}, async oci => {
  const { t } = oci
  const { bird, plant, run, changes } = sceneOf(oci)
  const names = [
    'etc/hosts',
    'etc/hostname',
    'etc/resolv.conf',
    'etc/passwd',
    'etc/mtab',
    'etc/crypto-policies',
    '.dockerenv',
    'run/secrets',
    'run/.containerenv',
  ]
  for (const [i, name] of names.entries()) plant(name, join(bird, i % 2 ? 'file' : `new${i}`))
  t.equal((await run({ hostname: 'h', ...program('/bin/true') })).status, 0)
  plant('etc', bird)
  t.equal((await run({ hostname: 'h', ...program('/bin/true') })).status, 0)
  t.same(changes(), [], 'the canary is clean')
})

await test('B17: a root that turned hostile between two containers of one id gets nothing', {}, async oci => {
  const { t, tsbox, ok } = oci
  const { bird, plant, bundle, changes } = sceneOf(oci)
  const { id, dir } = bundle(ECHO)
  const { mounts: _, ...rest } = JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8'))
  for (const planted of [false, true]) {
    if (planted) for (const name of ['etc/mtab', 'dev', 'proc']) plant(name, bird)
    const { status } = await tsbox(['create', '--bundle', dir, id])
    t.equal(status, planted ? 1 : 0)
    await ok(['delete', '--force', id])
  }
  writeFileSync(join(dir, 'config.json'), JSON.stringify({ ...rest, mounts: [] }))
  t.equal((await tsbox(['create', '--bundle', dir, id])).status, 1, 'nor without any mount')
  t.same(changes(), [], 'the canary is clean')
})

await test('B18, G5: mount targets below links land inside the root, or nowhere', {}, async oci => {
  const { t } = oci
  const { rootfs, ways, plant, run, changes } = sceneOf(oci)
  const mine = join(oci.dir, 'mine')
  writeFileSync(mine, 'mine')
  for (const [i, target] of [...ways, '/nowhere/at/all', '../../../../../..'].entries()) {
    plant(`link${i}`, target)
    for (const mount of [
      { destination: `/link${i}/x`, type: 'tmpfs', source: 'tmpfs' },
      { destination: `/link${i}/y`, type: 'bind', source: mine, options: ['bind'] },
    ]) {
      const { stdout, status, stderr } = await run({
        ...program('/bin/probe', 'mountinfo'),
        mounts: [...MOUNTS, mount],
      })
      t.equal(status, 0, `${mount.type} below → ${target.replace(oci.dir, 'DIR')} ${stderr}`)
      t.match(stdout, new RegExp(`/${mount.destination.slice(-1)} `), 'the mount is in the container')
    }
  }
  for (let i = 0; i < 45; i++) plant(`deep${i}`, i === 44 ? 'deep0' : `deep${i + 1}`)
  const loop = { destination: '/deep0/x', type: 'tmpfs', source: 'tmpfs' }
  t.match(
    await run({ mounts: [...MOUNTS, loop] }),
    { status: 1, stderr: /mounts\[3\]/ },
    'a loop of links ends',
  )
  t.same(changes(), [], 'the canary is clean')
  t.notOk(existsSync(join(rootfs, '..', 'nowhere')))
})

await test('B18: links in what a tmpfs is filled from are copied as links', {}, async oci => {
  const { t } = oci
  const { rootfs, bird, plant, run, changes } = sceneOf(oci)
  mkdirSync(join(rootfs, 'data', 'deep'), { recursive: true })
  for (const [name, target] of Object.entries({ out: bird, deep: 'secret', secret: 'inner' })) {
    plant(`data/${name}-link`, name === 'out' ? bird : join(bird, target))
    plant(`data/deep/${name}`, join(bird, target))
  }
  const filled = { destination: '/data', type: 'tmpfs', source: 'tmpfs', options: ['tmpcopyup'] }
  const { stdout, stderr } = await run({
    ...program('/bin/sh', '-c', 'stat -c "%n %F" /data/* /data/deep/*; cat /data/deep/deep; echo end'),
    mounts: [...MOUNTS, filled],
  })
  t.equal(stdout.match(/symbolic link/g)?.length, 6, stderr)
  t.notMatch(stdout, /the secret of the canary/)
  t.match(stdout, /end\n$/)
  // The source itself as a link leads to the same place inside.
  plant('gone', bird)
  const through = await run({
    ...program('/bin/sh', '-c', 'ls /gone/; echo end'),
    mounts: [...MOUNTS, { ...filled, destination: '/gone' }],
  })
  t.notMatch(through.stdout, /secret/, `nothing of the canary is copied ${through.stderr}`)
  t.same(changes(), [], 'the canary is clean')
})

await test('B18: devices and covers whose paths lead out stay inside', {}, async oci => {
  const { t } = oci
  const { bird, ways, plant, run, changes, before } = sceneOf(oci)
  for (const [i, target] of ways.entries()) {
    plant(`d${i}`, target)
    const { stderr, status } = await run({
      ...program('/bin/true'),
      linux: { devices: [{ path: `/d${i}/made`, type: 'c', major: 1, minor: 3 }] },
    })
    t.ok(status === 0 || /linux\.devices/.test(stderr), stderr)
  }
  t.same(changes(), [], 'no device is made outside')
  plant('m', bird)
  const { status } = await run({
    ...program('/bin/true'),
    linux: { maskedPaths: ['/m', '/m/file'], readonlyPaths: ['/m', '/m/inner', '/hop/file'] },
  })
  t.equal(status, 0, 'a cover over what is not there is no error')
  t.same(canaryState(bird), before, 'and nothing outside is covered')
  t.ok(lstatSync(join(bird, 'file')).isFile())
})

await test('B27: links that honest images have still work', {}, async oci => {
  const { t } = oci
  const { rootfs, plant, run } = sceneOf(oci)
  const volume = join(oci.dir, 'volume')
  mkdirSync(volume)
  writeFileSync(join(volume, 'there'), '')
  mkdirSync(join(rootfs, 'run'))
  mkdirSync(join(rootfs, 'etc', 'real'), { recursive: true })
  writeFileSync(join(rootfs, 'etc', 'real', 'passwd'), 'root:x:0:0::/home/there:/bin/sh\n')
  for (const [name, target] of Object.entries({
    'usr/sbin': '/bin',
    'var/run': '/run',
    'etc/mtab': '/proc/mounts',
    'etc/static': '/nix/store/etc',
    'etc/passwd': '/etc/real/passwd',
  }))
    plant(name, target)
  for (const [target, shown] of [
    ['/var/run/app', '/run/app'],
    ['/usr/sbin/app', '/bin/app'],
    ['/etc/static/app', '/nix/store/etc/app'],
  ]) {
    const mount = { destination: target, type: 'bind', source: volume, options: ['rbind'] }
    const { stdout, stderr } = await run({
      ...program('/bin/probe', 'ls', shown ?? ''),
      mounts: [...MOUNTS, mount],
    })
    t.equal(stdout, 'there\n', `${target} is seen at ${shown} ${stderr}`)
  }
  t.match((await run(program('/bin/probe', 'cat', '/etc/mtab'))).stdout, / \/proc proc /)
  t.match((await run(program('/usr/sbin/probe', 'env'))).stdout, /^HOME=\/home\/there$/m)
  const alone = await run({ ...program('/bin/true'), mounts: [PROC] })
  t.equal(alone.status, 0, alone.stderr)
})
