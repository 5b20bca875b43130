// Mounts of a configuration: kinds, places, order, and the container's own view of cgroups.
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { controllerHome, detectHost } from '../../packages/cgroups/src/index.ts'
import { type Json, MOUNTS } from './helpers/config.ts'
import { mountAt, mountLines } from './helpers/mount-table.ts'
import { ociTests } from './helpers/oci-test.ts'

const test = ociTests(import.meta.filename)
const [PROC, DEV] = MOUNTS as readonly [Json, Json]

await test('the root is read-only or not as it is said', { shows: ['root.{path,readonly}'] }, async ({
  t,
  script,
}) => {
  const text = 'touch /new 2>/dev/null && echo written || echo refused; touch /dev/x && echo dev'
  t.equal(await script(text), 'written\ndev\n')
  t.equal(await script(text, { root: { readonly: true } }), 'refused\ndev\n')
})

await test('the root may be absolute, and a link to it is followed', { shows: ['root.path'] }, async ({
  t,
  dir,
  id,
  bundle,
  script,
  refusal,
}) => {
  const { rootfs } = bundle(id())
  writeFileSync(join(rootfs, 'here'), 'yes\n')
  symlinkSync(rootfs, join(dir, 'link'))
  t.equal(await script('cat /here', { root: { path: rootfs } }), 'yes\n')
  t.equal(await script('cat /here', { root: { path: join(dir, 'link') } }), 'yes\n')
  t.match(await refusal({ root: { path: 'missing' } }), /root\.path: .*does not exist/)
  t.match(await refusal({ root: { path: 'config.json' } }), /root\.path: .*is not a directory/)
})

await test('files and directories of the host are bound', {
  shows: ['mounts[].{source,destination,type,options}'],
}, async ({ t, dir, script }) => {
  const [file, tree] = [join(dir, 'file'), join(dir, 'tree')]
  writeFileSync(file, 'a file\n')
  mkdirSync(join(tree, 'sub'), { recursive: true })
  writeFileSync(join(tree, 'sub', 'deep'), 'deep\n')
  const mounts = [
    ...MOUNTS,
    { destination: '/etc/some.conf', type: 'bind', source: file, options: ['bind', 'ro'] },
    { destination: '/srv/data', type: 'none', source: tree, options: ['rbind'] },
    { destination: '/other', type: 'bind', source: tree },
  ]
  const text =
    'cat /etc/some.conf /srv/data/sub/deep /other/sub/deep; echo changed > /srv/data/sub/deep; ! echo x 2>&- >/etc/some.conf'
  t.equal(await script(text, { mounts }), 'a file\ndeep\ndeep\n')
  t.equal(readFileSync(join(tree, 'sub', 'deep'), 'utf8'), 'changed\n')
})

await test('a source that is relative lies in the bundle', { shows: ['mounts[].source'] }, async ({
  t,
  id,
  bundle,
  tsbox,
}) => {
  const name = id()
  const { dir } = bundle(name, {
    process: { args: ['cat', '/there'] },
    mounts: [...MOUNTS, { destination: '/there', source: 'given', options: ['bind'] }],
  })
  writeFileSync(join(dir, 'given'), 'from the bundle\n')
  t.match(await tsbox(['run', '--bundle', dir, name], { cwd: '/' }), {
    stdout: 'from the bundle\n',
    stderr: '',
  })
})

await test('places that are missing are made, as directories and files of root', {
  shows: ['mounts[].destination'],
}, async ({ t, dir, id, bundle, ok }) => {
  const name = id()
  writeFileSync(join(dir, 'file'), '')
  const made = bundle(name, {
    process: { args: ['/bin/true'] },
    mounts: [
      ...MOUNTS,
      { destination: '/new/for/tmpfs', type: 'tmpfs', source: 'tmpfs' },
      { destination: '/new/for/file', source: join(dir, 'file'), options: ['bind'] },
    ],
  })
  await ok(['run', '--bundle', made.dir, name])
  const [directory, file] = ['tmpfs', 'file'].map(last => statSync(join(made.rootfs, 'new', 'for', last)))
  t.same([directory?.isDirectory(), (directory?.mode ?? 0) & 0o777, directory?.uid], [true, 0o755, 0])
  t.same([file?.isFile(), file?.size], [true, 0])
})

await test('mounts come one after the other: later ones lie in earlier ones, or over them', {
  shows: ['mounts[].destination'],
}, async ({ t, dir, script }) => {
  for (const name of ['one', 'two']) {
    mkdirSync(join(dir, name, 'inner'), { recursive: true })
    writeFileSync(join(dir, name, 'name'), `${name}\n`)
  }
  const bind = (destination: string, name: string) => ({
    destination,
    source: join(dir, name),
    options: ['bind'],
  })
  const mounts = [
    ...MOUNTS,
    bind('/a', 'one'),
    bind('/a/inner', 'two'),
    bind('/b/inner', 'two'),
    bind('/b', 'one'),
    bind('/c', 'one'),
    bind('/c', 'two'),
  ]
  t.equal(await script('cat /a/inner/name /c/name; ls /b/inner | wc -l', { mounts }), 'two\ntwo\n0\n')
})

await test('a destination may be relative, and links in the root stay in the root', {
  shows: ['mounts[].destination'],
}, async ({ t, dir, id, bundle, tsbox }) => {
  const name = id()
  const canary = join(dir, 'canary')
  mkdirSync(canary)
  const made = bundle(name, {
    process: { args: ['/bin/probe', 'mountinfo'] },
    mounts: [
      ...MOUNTS,
      { destination: 'relative/place', type: 'tmpfs', source: 'tmpfs' },
      { destination: '/link/below', type: 'tmpfs', source: 'tmpfs' },
      { destination: '/up', type: 'tmpfs', source: 'tmpfs' },
    ],
  })
  symlinkSync(canary, join(made.rootfs, 'link'))
  symlinkSync('../../../../../../../../tmp', join(made.rootfs, 'up'))
  const { stdout, stderr, status } = await tsbox(['run', '--bundle', made.dir, name])
  t.same([status, stderr], [0, ''])
  t.equal(mountAt(stdout, '/relative/place').type, 'tmpfs')
  t.equal(mountAt(stdout, `${canary}/below`).type, 'tmpfs')
  t.equal(mountAt(stdout, '/tmp').type, 'tmpfs')
  t.notOk(existsSync(join(canary, 'below')), 'nothing was made on the host')
})

await test('the file systems every container has', { shows: ['mounts[].type'] }, async ({ t, script }) => {
  const own = ['nosuid', 'noexec', 'nodev']
  const mounts = [
    ...MOUNTS,
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: own },
    { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: [...own, 'mode=1777', 'size=1m'] },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...own, 'ro'] },
  ]
  const text = await script(
    'cat /proc/self/mountinfo; echo end; cat /proc/1/comm; ls /sys/class/net; ls /dev/pts; stat -f -c %b /dev/shm',
    { mounts },
  )
  for (const [place, type] of [
    ['/proc', 'proc'],
    ['/dev', 'tmpfs'],
    ['/dev/pts', 'devpts'],
    ['/dev/mqueue', 'mqueue'],
    ['/sys', 'sysfs'],
  ] as const)
    t.equal(mountAt(text, place).type, type)
  t.match(text, /end\nsh\nlo\nptmx\n256\n$/)
  t.ok(mountAt(text, '/sys').options.includes('ro'))
})

await test('/proc can hide the processes of others', { shows: ['mounts[].options'] }, async ({
  t,
  script,
}) => {
  const proc = { ...PROC, options: ['nosuid', 'noexec', 'nodev', 'hidepid=2'] }
  const mounts = [proc, DEV]
  t.equal(
    await script('ls -d /proc/1 2>&1 >/dev/null | grep -c "No such" || true', {
      mounts,
      process: { user: { uid: 1, gid: 1 } },
    }),
    '0\n',
  )
  t.match(await script('grep " /proc " /proc/mounts', { mounts }), /hidepid=(2|invisible)/)
})

const limits = { resources: { pids: { limit: 77 } } }

await test('the container sees its own group, and can be let change it', {
  shows: ['mounts[].type'],
}, async ({ t, script, marker }) => {
  const host = detectHost()
  const home = controllerHome(host, 'pids')!
  const place =
    home.version === 2 && Object.keys(host.v1).length === 0 ? '' : `/${home.mount.split('/').at(-1)}`
  const view = (options: readonly string[], type = 'cgroup') => ({
    linux: limits,
    mounts: [...MOUNTS, { destination: '/sys/fs/cgroup', type, source: 'cgroup', options }],
  })
  const own = `/sys/fs/cgroup${place}`
  t.match(
    await script(`cat ${own}/pids.max; cat /proc/self/cgroup; mkdir ${own}/x || echo refused`, view(['ro'])),
    /^77\n(.*:\/\n)+refused\n$/,
  )
  t.equal(
    await script(
      `mkdir ${own}/x; echo 0 > ${own}/x/cgroup.procs; cat ${own}/x/cgroup.procs | wc -l; ls ${own} | grep -c ${marker} || true`,
      view([]),
    ),
    '3\n0\n',
  )
  t.equal(await script(`cat ${own}/pids.max`, view(['ro'], 'cgroup2')), '77\n')
})

await test('each hierarchy of the host is there, by each name its controllers have', {
  shows: ['mounts[].type'],
}, async ({ t, script }) => {
  const mounts = [...MOUNTS, { destination: '/cg', type: 'cgroup', source: 'cgroup' }]
  const host = detectHost()
  const places = new Set([...Object.values(host.v1), ...Object.values(host.named ?? {}), host.unified?.mount])
  const wanted = [...places].flatMap(place =>
    place === undefined ? [] : [place.slice(place.lastIndexOf('/') + 1)],
  )
  if (wanted.length > 1)
    t.same(
      (await script('ls /cg', { mounts }))
        .trim()
        .split('\n')
        .filter(name => wanted.includes(name))
        .sort(),
      wanted.sort(),
    )
  else t.match(await script('ls /cg', { mounts }), /cgroup\.procs/)
})

await test('what cannot be mounted is told by its place in the list', {
  shows: ['mounts[].{type,source,destination}'],
}, async ({ t, refusal, dir }) => {
  const also = (mount: Json) => ({ mounts: [...MOUNTS, mount] })
  t.match(
    await refusal(also({ destination: '/x', type: 'nosuchfs', source: 'none' })),
    /mounts\[3\]: .*nosuchfs/,
  )
  t.match(
    await refusal(also({ destination: '/x', source: join(dir, 'missing'), options: ['bind'] })),
    /mounts\[3\]: .*no such file or directory/,
  )
  t.match(
    await refusal(also({ destination: '/x', source: join(dir, 'missing'), options: ['rbind', 'rslave'] })),
    /mounts\[3\]: .*no such file or directory/,
  )
  t.match(await refusal(also({ destination: '/bin/sh/x', type: 'tmpfs', source: 'tmpfs' })), /mounts\[3\]: /)
  t.match(
    await refusal(also({ destination: '/proc/sys', type: 'tmpfs', source: 'tmpfs' })),
    /mounts\[3\]\.destination: /,
  )
  t.match(
    await refusal(also({ destination: '/', type: 'tmpfs', source: 'tmpfs' })),
    /mounts\[3\]\.destination: /,
  )
})

await test('remount changes the flags of what an earlier entry mounted', {
  shows: ['mounts[].options'],
}, async ({ t, dir, script, refusal }) => {
  mkdirSync(join(dir, 'tree'))
  const mounts = [
    ...MOUNTS,
    { destination: '/x', type: 'tmpfs', source: 'tmpfs', options: ['nosuid'] },
    { destination: '/x', type: 'tmpfs', source: 'tmpfs', options: ['remount', 'ro', 'noexec'] },
    { destination: '/y', source: join(dir, 'tree'), options: ['bind'] },
    { destination: '/y', source: join(dir, 'tree'), options: ['bind', 'remount', 'ro'] },
  ]
  const text = await script('cat /proc/self/mountinfo', { mounts })
  t.same(
    mountLines(text).filter(({ target }) => /^\/[xy]$/.test(target)).length,
    2,
    'nothing is mounted over it',
  )
  t.same(mountAt(text, '/x').options, ['ro', 'nosuid', 'noexec', 'relatime'])
  t.ok(mountAt(text, '/y').options.includes('ro'))
  const odd = (options: readonly string[]) =>
    refusal({ mounts: [...mounts, { destination: '/x', type: 'tmpfs', options }] })
  t.match(await odd(['remount', 'size=1m']), /mounts\[7\]\.options: "size" cannot be changed/)
  t.match(
    await refusal({ mounts: [...MOUNTS, { destination: '/bin', options: ['remount', 'ro'] }] }),
    /mounts\[3\]: /,
  )
})
