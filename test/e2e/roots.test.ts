// Where a box's files come from: a directory, layers, the host's userland, the host's root.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { boxTests, IN_VM } from '../helpers/box-test.ts'
import { outcomeOf, tsbox } from '../helpers/command.ts'
import { probeRootfs } from '../helpers/rootfs.ts'

const test = boxTests(import.meta.filename)

const put = (path: string, text: string): void => {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, text)
}

await test('--rootfs: what the box writes lies in the directory afterwards', async ({
  t,
  inProbe,
  rootfs,
}) => {
  const { stdout } = await tsbox(['run', ...inProbe(), '/bin/probe', 'write', '/made', 'text'])
  t.equal(stdout, 'write: ok\n')
  t.equal(readFileSync(join(rootfs, 'made'), 'utf8'), 'text')
})

await test('--rootfs: a relative path and a symbolic link to the directory are fine', async ({
  t,
  inProbe,
  dir,
  name,
}) => {
  inProbe()
  symlinkSync('rootfs', join(dir, 'link'))
  for (const path of ['rootfs', './rootfs/', 'link']) {
    const args = [
      'run',
      '--rootfs',
      path,
      '--name',
      name(path.length.toString()),
      '/bin/probe',
      'echo',
      'here',
    ]
    t.equal((await tsbox(args, { cwd: dir })).stdout, 'here\n', path)
  }
})

await test('--layer: the highest layer wins, directories are merged, and nothing is written to any', async box => {
  const { t, dir, name } = box
  const [low, middle, high] = ['low', 'middle', 'high'].map(layer => join(dir, layer)) as [
    string,
    string,
    string,
  ]
  probeRootfs(low)
  put(join(low, 'a'), 'low\n')
  put(join(low, 'b'), 'low\n')
  put(join(low, 'd', 'of-low'), '')
  put(join(middle, 'b'), 'middle\n')
  put(join(middle, 'd', 'of-middle'), '')
  put(join(high, 'c'), 'high\n')
  put(join(high, 'd', 'of-high'), '')
  const run = (suffix: string, ...words: string[]) =>
    tsbox([
      'run',
      '--layer',
      low,
      '--layer',
      middle,
      '--layer',
      high,
      '--name',
      name(suffix),
      '/bin/probe',
      ...words,
    ])
  t.equal((await run('a', 'cat', '/a', '/b', '/c')).stdout, 'low\nmiddle\nhigh\n')
  t.equal((await run('b', 'ls', '/d')).stdout, 'of-high\nof-low\nof-middle\n')
  t.equal((await run('c', 'write', '/a', 'changed')).stdout, 'write: ok\n')
  t.equal(readFileSync(join(low, 'a'), 'utf8'), 'low\n')
  for (const layer of [low, middle, high]) {
    t.same(
      readdirSync(layer).filter(entry => ['dev', 'proc', 'sys', 'changed'].includes(entry)),
      [],
      'no mount points either',
    )
  }
})

await test('--layer: what a box writes is gone with it', async ({ t, dir, name }) => {
  const layer = probeRootfs(join(dir, 'layer'))
  const run = (suffix: string, ...words: string[]) =>
    tsbox(['run', '--layer', layer, '--name', name(suffix), '/bin/probe', ...words])
  t.equal((await run('a', 'write', '/made', 'x')).stdout, 'write: ok\n')
  t.match((await run('b', 'stat', '/made')).stdout, '/made errno=2')
  t.same(readdirSync(layer), ['bin'])
})

await test('--layer: 140 layers, one a box, all merged', async ({ t, dir, name }) => {
  const layers = Array.from({ length: 140 }, (_, i) => join(dir, `layer-${i}`))
  layers.forEach((layer, i) => {
    put(join(layer, 'd', `f${i}`), '')
    put(join(layer, 'top'), `${i}\n`)
  })
  probeRootfs(layers[0] ?? '')
  const options = layers.flatMap(layer => ['--layer', layer])
  const ls = await tsbox(['run', ...options, '--name', name('a'), '/bin/probe', 'ls', '/d'])
  t.equal(ls.stdout.trim().split('\n').length, 140)
  t.equal(
    (await tsbox(['run', ...options, '--name', name('b'), '/bin/probe', 'cat', '/top'])).stdout,
    '139\n',
  )
})

await test('--upper: what the box wrote is kept, and another box goes on with it', async ({
  t,
  dir,
  name,
}) => {
  const layer = probeRootfs(join(dir, 'layer'))
  const upper = join(dir, 'upper')
  mkdirSync(upper)
  const run = (suffix: string, ...words: string[]) =>
    tsbox(['run', '--layer', layer, '--upper', upper, '--name', name(suffix), '/bin/probe', ...words])
  t.equal((await run('a', 'write', '/kept', 'text')).stdout, 'write: ok\n')
  t.equal(readFileSync(join(upper, 'kept'), 'utf8'), 'text')
  t.equal((await run('b', 'cat', '/kept')).stdout, 'text')
  t.same(readdirSync(dir).sort(), ['layer', 'rootfs', 'upper'], 'overlayfs leaves no work directory')
  t.notOk(existsSync(join(layer, 'kept')))
})

await test('--upper: a file of a layer that the box removes stays removed, and nothing lies beside it', async box => {
  const { t, dir, name } = box
  const layer = probeRootfs(join(dir, 'layer'))
  const upper = join(dir, 'upper')
  mkdirSync(upper)
  writeFileSync(join(layer, 'gone'), '')
  const run = (suffix: string, ...words: string[]) =>
    tsbox(['run', '--layer', layer, '--upper', upper, '--name', name(suffix), '/bin/probe', ...words])
  const removed = await run('a', 'unlink', '/gone')
  t.same([removed.stdout, removed.stderr, removed.status], ['unlink: ok\n', '', 0])
  t.same(readdirSync(dir).sort(), ['layer', 'rootfs', 'upper'])
  t.match((await run('b', 'stat', '/gone')).stdout, /errno=2/)
  t.ok(existsSync(join(layer, 'gone')))
})

const ODD = [
  'a:b',
  'a,b',
  'a\\b',
  'a"b',
  "a'b",
  'a\nb',
  ' a b ',
  'lowerdir=x',
  'a=b,upperdir=c',
  '-dash',
  'é\u202e',
  '$(id)',
]

await test('any character may be in the path of a rootfs, a layer, an upper layer or a volume', async box => {
  const { t, dir, name } = box
  for (const [i, odd] of ODD.entries()) {
    const place = join(dir, `${i}`)
    const [root, upper, source] = ['root', 'upper', 'source'].map(kind => join(place, `${kind}-${odd}`)) as [
      string,
      string,
      string,
    ]
    probeRootfs(root)
    mkdirSync(upper)
    put(join(source, 'file'), `of ${i}\n`)
    const as = JSON.stringify(odd)
    const plain = await tsbox(['run', '--rootfs', root, '--name', name(`a${i}`), '/bin/probe', 'echo', 'ran'])
    t.equal(plain.stdout, 'ran\n', `--rootfs ${as} ${plain.stderr}`)
    const options = ['--layer', root, '--upper', upper, '-v', `${source}:/v`]
    const layered = await tsbox(['run', ...options, '--name', name(`b${i}`), '/bin/probe', 'cat', '/v/file'])
    t.equal(layered.stdout, `of ${i}\n`, `--layer, --upper and -v ${as} ${layered.stderr}`)
    t.ok(existsSync(join(upper, 'v')), 'the mount point was made in the upper layer')
  }
})

await test("--root system, the default: the host's programs, and nothing of its people", async ({
  t,
  name,
}) => {
  const script =
    'ls -A /root /home /srv /opt /mnt; ls -A /var; ls -A /var/tmp /tmp; ls /etc/shadow /etc/sudoers /etc/ssl/private /etc/ssh; ls -A /'
  const { stdout, stderr } = await tsbox(['run', '--name', name('a'), 'sh', '-c', script])
  const [empty, top] = [stdout.split('\n').slice(0, -1), stdout.split('\n')]
  t.match(empty.join('\n'), /^\/root:\n?|^\/home:/)
  t.same(
    top.slice(0, top.indexOf('bin')).filter(row => row !== '' && !row.endsWith(':')),
    ['tmp'],
    'all empty; /var holds tmp',
  )
  for (const path of ['shadow', 'sudoers', 'ssl/private', 'ssh'])
    t.match(stderr, `/etc/${path}': No such file`)
  const accounts = await tsbox([
    'run',
    '--name',
    name('b'),
    'cat',
    '/etc/passwd',
    '/etc/group',
    '/etc/hosts',
    '/etc/hostname',
  ])
  t.match(accounts.stdout, /^root:x:0:0:/)
  t.match(accounts.stdout, '127.0.0.1\tlocalhost')
  t.match(accounts.stdout, '\ncontainer\n')
  t.notMatch(accounts.stdout, /^(daemon|www-data|sshd|mail):/m, 'generated, not those of the host')
})

await test('--root system: TLS finds its certificates, and the user of the box has a name', async ({
  t,
  name,
}) => {
  const bundle = '/etc/ssl/certs/ca-certificates.crt'
  if (existsSync(bundle)) {
    const { stdout } = await tsbox(['run', '--name', name('a'), 'head', '-n', '1', bundle])
    t.equal(stdout, '-----BEGIN CERTIFICATE-----\n')
  } else t.comment(`this host has no ${bundle}`)
  const who = await tsbox(['run', '-u', '1234:77', '--name', name('b'), 'id'])
  t.equal(who.stdout, 'uid=1234(user) gid=77(user) groups=77(user)\n')
})

await test('--root system: programs can be changed in the box; the host keeps its own', async ({
  t,
  name,
}) => {
  const marker = `tsbox-e2e-${process.pid}`
  const script = `echo x > /usr/bin/${marker} && echo x > /etc/${marker} && rm /usr/bin/env && ls /usr/bin/${marker} && rm -rf /usr/share; ls -d /usr/share`
  const { stdout, stderr } = await tsbox(['run', '--name', name(), 'sh', '-c', script])
  t.match(stdout, `/usr/bin/${marker}\n`, stderr)
  t.notMatch(stdout, '/usr/share\n')
  t.ok(existsSync('/usr/bin/env'))
  t.ok(existsSync('/usr/share'))
  t.notOk(existsSync(`/usr/bin/${marker}`))
  t.notOk(existsSync(`/etc/${marker}`))
  const etc = await tsbox(['run', '--name', name('b'), 'sh', '-c', 'echo x > /etc/ld.so.cache'])
  t.match(etc.stderr, 'Read-only file system', "the host's own files of /etc cannot be written through")
})

await test("--root host: the host's root can be read; no write, no removal reaches it", async ({
  t,
  dir,
  name,
}) => {
  // Outside of what other mounts cover: the test's own directory lies on the root, or is not there.
  const mark = join(dir, 'mark')
  writeFileSync(mark, 'of the host\n')
  const onRoot = (await outcomeOf('stat', ['-c', '%d', '/', mark])).stdout.trim().split('\n')
  // A guest's own root may have no passwords.
  const secret =
    (statSync('/etc/shadow', { throwIfNoEntry: false })?.size ?? 0) > 0 ? '/etc/shadow' : '/etc/passwd'
  const seen = await tsbox(['run', '--root', 'host', '--name', name('a'), 'cat', secret, mark])
  t.match(seen.stdout, /^root:/, 'everything can be read: documented')
  if (onRoot[0] === onRoot[1]) t.match(seen.stdout, 'of the host')
  else t.comment('the directory of this test is on a mount of its own, which --root host does not show')
  const marker = `/tsbox-e2e-${process.pid}`
  const script = `echo x > ${marker}; echo y >> /etc/hostname; rm -f /etc/passwd ${mark}; ls ${marker}; ls /etc/passwd`
  const before = readFileSync('/etc/passwd', 'utf8')
  const { stdout } = await tsbox(['run', '--root', 'host', '--name', name('b'), 'sh', '-c', script])
  t.equal(stdout, `${marker}\n`)
  t.notOk(existsSync(marker))
  t.equal(readFileSync('/etc/passwd', 'utf8'), before)
  t.equal(readFileSync(mark, 'utf8'), 'of the host\n')
})

await test('the memory of a box bounds what it writes into its throw-away root', async ({ t, name }) => {
  const script = 'dd if=/dev/zero of=/big bs=1M count=64 2>&1; echo "made $(stat -c %s /big)"'
  const { stdout } = await tsbox(['run', '--memory', '24Mi', '--name', name(), 'sh', '-c', script])
  t.notMatch(stdout, `made ${64 * 2 ** 20}`)
})

await test('the directory of a rootfs may be removed after its box', async ({ t, inProbe, rootfs }) => {
  await tsbox(['run', ...inProbe(), '/bin/probe', 'true'])
  rmSync(rootfs, { recursive: true })
  t.notOk(existsSync(rootfs))
})

await test('boxes that start at once in one fresh directory all find, or make, its mount points', async ({
  t,
  dir,
  name,
}) => {
  for (let round = 0; round < (IN_VM ? 2 : 8); round++) {
    const rootfs = probeRootfs(join(dir, `fresh-${round}`))
    const boxes = ['a', 'b', 'c', 'd'].map(box =>
      tsbox(['run', '--rootfs', rootfs, '--name', name(`${round}${box}`), '/bin/probe', 'true']),
    )
    for (const { status, stderr } of await Promise.all(boxes)) t.equal(status, 0, stderr)
  }
})
