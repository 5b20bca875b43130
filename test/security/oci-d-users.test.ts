// Family D against the OCI runtime: users as text and numbers, and accounts in a hostile root.
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inParallel } from '../helpers/boxes.ts'
import type { Json } from '../oci/helpers/config.ts'
import { ociTests } from '../oci/helpers/oci-test.ts'
import { isDebians, onEngine } from './helpers/engine.ts'
import { sceneOf } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)
const IDS = ['/bin/probe', 'ids']
const USER = { uid: 1000, gid: 1000 }

/** Every text is no id, or one the kernel does not have. */
const NO_USERS = [
  ...['4294967296', '4294967295', '99999999999999999999', '-1', '-0', '18446744073709551616'],
  ...['', ' 1', '1 ', '+1', '0x1', '1e3', '1_0', ':5', '1000:', ':', '1:2:3', '1:-1', '1:4294967296'],
  ...['root', '٣', '1\n', '1.0', '1:root'],
]

await test('D8, D9: exec -u takes numbers in range, and is never root by mistake', {}, async oci => {
  const { t, ok, tsbox } = oci
  const { rootfs, start } = sceneOf(oci)
  mkdirSync(join(rootfs, 'etc'))
  const names = [...NO_USERS, '5000', '1'].filter(name => /^\S+$/.test(name))
  writeFileSync(join(rootfs, 'etc', 'passwd'), names.map(name => `${name}:x:0:0::/:/bin/sh\n`).join(''))
  const id = await start({ process: { user: USER } })
  const refused = await inParallel(NO_USERS, user => tsbox(['exec', `--user=${user}`, id, ...IDS]))
  const wrong = refused.flatMap(({ status, stdout, stderr }, i) =>
    status === 1 && stdout === '' && stderr.includes('--user') ? [] : [{ user: NO_USERS[i], stdout, stderr }],
  )
  t.same(wrong, [], 'each is refused by name')
  for (const gid of ['4294967295', '-1', 'wheel', ''])
    t.match(
      await tsbox(['exec', `--additional-gids=${gid}`, id, ...IDS]),
      { status: 1, stdout: '' },
      `-g ${gid}`,
    )
  for (const [user, ids] of Object.entries({
    1: '1:1000',
    '1:2': '1:2',
    0: '0:1000',
    '0:0': '0:0',
    65534: '65534:1000',
    5000: '5000:1000',
    2147483648: '2147483648:1000',
    4294967294: '4294967294:1000',
  })) {
    const [uid, gid] = ids.split(':')
    t.match(await ok(['exec', '-u', user, id, ...IDS]), `uid=${uid} gid=${gid} euid=${uid} egid=${gid}`, user)
  }
})

for (const engine of ['runc', 'crun'] as const) {
  await test(`D9: on ${engine} one beyond the largest user is root`, {}, async oci => {
    const bundle = sceneOf(oci).bundle()
    const script = `engine run -d --bundle "$BUNDLE" $ID </dev/null >/dev/null; engine exec -u 4294967296 $ID /bin/probe ids </dev/null`
    const seen = await onEngine(engine, { dir: oci.dir, bundle, script })
    if (seen === undefined || !isDebians(engine))
      return oci.t.comment(`no ${engine} of Debian 12: no control`)
    oci.t.match(seen.stdout, /uid=0 /, seen.stderr)
  })
}

await test('D9: users and groups of config.json are in range, or named in an error', {}, async oci => {
  const { t } = oci
  const { run } = sceneOf(oci)
  const fields: readonly (readonly [string, (value: unknown) => Json])[] = [
    ['uid', uid => ({ uid, gid: 0 })],
    ['gid', gid => ({ uid: 0, gid })],
    ['additionalGids[0]', value => ({ uid: 0, gid: 0, additionalGids: [value] })],
  ]
  const bad = [4294967295, 4294967296n, -1, 1.5, '0', null, true, 9007199254740993n, 2n ** 64n]
  const cases = bad.flatMap((value, i) =>
    fields.filter((_, k) => i < 3 || k === i % 3).map(field => [value, field] as const),
  )
  const seen = await inParallel(cases, ([value, [, user]]) =>
    run({ process: { args: IDS, user: user(value) } }),
  )
  const wrong = seen.flatMap(({ status, stdout, stderr }, i) =>
    status === 1 && stdout === '' && stderr.includes(`process.user.${cases[i]?.[1][0]}`)
      ? []
      : [{ value: `${cases[i]?.[0]}`, stdout, stderr }],
  )
  t.same(wrong, [])
  const most = await run({ process: { args: IDS, user: { uid: 4294967294, gid: 4294967294 } } })
  t.match(most.stdout, /^uid=4294967294 gid=4294967294 /)
})

await test('D10: a hostile /etc/passwd holds nobody up, and shows nothing from outside', {}, async oci => {
  const { t, ok, tsbox } = oci
  const { rootfs, bird, run, start, changes, plant } = sceneOf(oci)
  const passwd = join(rootfs, 'etc', 'passwd')
  mkdirSync(join(rootfs, 'etc'))
  const secret = join(oci.dir, 'outside', 'accounts')
  writeFileSync(secret, 'root:x:0:0::/leaked:/bin/sh\n')
  const resources = { memory: { limit: 48 << 20 } }
  const id = await start({ linux: { resources } })
  const patience = { patience: 10_000 }
  const homes = async (what: string) => {
    const began = Date.now()
    const both = [
      run({ process: { args: ['/bin/probe', 'env'] }, linux: { resources } }, patience),
      tsbox(['exec', id, '/bin/probe', 'env'], patience),
    ]
    for (const { status, stdout, stderr } of await Promise.all(both))
      t.match({ status, stdout }, { status: 0, stdout: /^HOME=\/$/m }, `${what}: ${stderr}`)
    if (process.env.TSBOX_TEST_VM === undefined) t.ok(Date.now() - began < 5000, 'at once')
  }
  const hostile: Readonly<Record<string, () => void>> = {
    'a FIFO': () => execFileSync('mkfifo', [passwd]),
    'endless zeros': () => execFileSync('mknod', [passwd, 'c', '1', '5']),
    '8 GiB of nothing': () => execFileSync('truncate', ['-s', '8G', passwd]),
    'one line without end': () => writeFileSync(passwd, Buffer.alloc(64 << 20, 'x')),
    'a line cut short': () => writeFileSync(passwd, 'root:x:0'),
    'the log of the kernel': () => symlinkSync('/proc/kmsg', passwd),
    'what the host has at that path': () => symlinkSync(secret, passwd),
    'a path that climbs': () => symlinkSync(`../../../../../../../..${secret}`, passwd),
    'the root of process 1': () => symlinkSync(`/proc/1/root${secret}`, passwd),
  }
  for (const [what, make] of Object.entries(hostile)) {
    rmSync(passwd, { recursive: true, force: true })
    make()
    await homes(what)
  }
  rmSync(passwd, { recursive: true, force: true })
  writeFileSync(passwd, 'root:x:0:0::/root:/bin/sh\n')
  t.match(await ok(['exec', id, '/bin/probe', 'env']), /^HOME=\/root$/m, 'an honest one is read')
  writeFileSync(passwd, 'root:x:0:0::/root:\na:x:1000:0::/a:\nb:x:5:0::/b:\n')
  execFileSync('chown', ['1000', passwd])
  chmodSync(passwd, 0o600)
  const bare = await start({ process: { capabilities: undefined } })
  for (const [user, home] of [
    ['0', '/'],
    ['1000', '/a'],
    ['5', '/'],
  ])
    t.match(
      await ok(['exec', '-u', `${user}`, bare, '/bin/probe', 'env']),
      new RegExp(`^HOME=${home}$`, 'm'),
      `read with the rights of user ${user}`,
    )
  plant('etc/passwd', secret)
  mkdirSync(join(rootfs, secret, '..'), { recursive: true })
  copyFileSync(secret, join(rootfs, secret))
  t.match(await ok(['exec', id, '/bin/probe', 'env']), /^HOME=\/leaked$/m, 'so is a link that leads inside')
  t.same(changes(), [], bird)
})
