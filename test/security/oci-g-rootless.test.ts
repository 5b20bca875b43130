// Families D, E and G against the OCI runtime in the hands of an ordinary user.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { HOST } from '../helpers/groups.ts'
import type { Json } from '../oci/helpers/config.ts'
import { ociTests } from '../oci/helpers/oci-test.ts'
import { asOrdinary, ORDINARY, RANGES, USUAL_MOUNTS, withRanges } from './helpers/ordinary.ts'
import { statusField } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)
const STATUS = ['/bin/probe', 'status']
const SETGROUPS = process.arch === 'arm64' ? '159' : '116'
const LOOK = [
  '/bin/sh',
  '-c',
  `cat /proc/self/setgroups; /bin/probe syscall ${SETGROUPS} 0 0; /bin/probe ids`,
]

await test('D6, D7: a map of one group cannot be used to drop a group', {}, async oci => {
  const { t } = oci
  const groups = [ORDINARY, 4242]
  const all = ['CAP_SETGID', 'CAP_SETUID', 'CAP_SYS_ADMIN']
  const capabilities = { bounding: all, effective: all, permitted: all }
  await asOrdinary(oci, { groups }, async user => {
    const made = await user.run({ process: { args: LOOK, capabilities } })
    t.match(made.stdout, /^deny\nret=-1 errno=1\nuid=0 gid=0 .*groups=65534/, made.stderr)
    const id = await user.start({ process: { capabilities } })
    const joined = await user.tsbox(['exec', id, ...LOOK])
    t.match(joined.stdout, /^deny\nret=-1 errno=1\nuid=0 gid=0 /, joined.stderr)
    const asked = await user.run({ process: { args: LOOK, user: { uid: 0, gid: 0, additionalGids: [7] } } })
    t.match(asked, { status: 1, stdout: '' }, 'further groups cannot be had')
  })
})

await test('D6, D7: with a range of groups the caller’s own stay outside', {
  skip: !existsSync('/usr/bin/newgidmap') && 'newgidmap is not installed',
}, async oci => {
  const { t, dir } = oci
  await asOrdinary(oci, { groups: [ORDINARY, 4242], before: withRanges(dir) }, async user => {
    const linux = { uidMappings: RANGES, gidMappings: RANGES }
    const made = await user.run({ process: { args: STATUS }, linux })
    t.equal(statusField(made.stdout, 'Groups'), '', made.stderr)
    const id = await user.start({ linux })
    const joined = await user.tsbox(['exec', '-g', '9', id, ...STATUS])
    t.equal(statusField(joined.stdout, 'Groups'), '9', joined.stderr)
  })
})

const sys = (...options: readonly string[]): Json => ({
  destination: '/sys',
  type: 'none',
  source: '/sys',
  options: ['rbind', 'nosuid', 'noexec', 'nodev', ...options],
})
const cgroup = { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro', 'nosuid'] }

await test('E1: groups that were given to the user cannot be written from inside', {}, async oci => {
  const { t, marker } = oci
  const mounts = [HOST.unified?.mount, HOST.v1.memory].filter(mount => mount !== undefined)
  const given = mounts.map(mount => join(mount, `${marker}-given`))
  for (const group of given) mkdirSync(group)
  execFileSync('chown', ['-R', `${ORDINARY}`, ...given])
  const look = `for f in ${given.map(group => `${group}/cgroup.procs ${group}/notify_on_release ${group}/cgroup.freeze`).join(' ')}; do probe open $f w; done | busybox sort -u`
  try {
    await asOrdinary(oci, {}, async user => {
      const seen = async (own: readonly string[], more: readonly Json[]) => {
        const namespaces = ['pid', 'ipc', 'uts', 'mount', 'user', ...own].map(type => ({ type }))
        const { stdout, stderr } = await user.run({
          process: { args: ['/bin/sh', '-c', look] },
          mounts: [...USUAL_MOUNTS, ...more],
          linux: { namespaces },
        })
        t.equal(stderr, '')
        return stdout
      }
      for (const own of [[], ['cgroup']]) {
        for (const more of [[sys('rro')], [sys('ro')], [sys('ro'), cgroup], [sys(), cgroup]])
          t.match(
            await seen(own, more),
            /^(open: errno=(2|13|30)\n)+$/,
            `${own} ${JSON.stringify(more.map(({ options }) => options))}`,
          )
        t.match(await seen(own, [sys()]), /open: ok/, 'writable, it can be')
      }
    })
  } finally {
    for (const group of given) rmdirSync(group)
  }
})

await test('G10: programs that map are root’s own, never those of the caller’s PATH', {
  skip: !existsSync('/usr/bin/newuidmap') && 'newuidmap is not installed',
}, async oci => {
  const { t, dir } = oci
  const bin = join(dir, 'bin')
  mkdirSync(bin)
  const said = join(dir, 'said')
  writeFileSync(said, '')
  chmodSync(said, 0o666)
  for (const name of ['newuidmap', 'newgidmap', 'ip', 'busctl', 'systemctl']) {
    writeFileSync(join(bin, name), `#!/bin/sh\necho ${name} >>${said}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  const how = { env: { ...process.env, PATH: `${bin}:${process.env.PATH}` } }
  const linux = { uidMappings: RANGES, gidMappings: RANGES }
  const args = ['/bin/probe', 'cat', '/proc/self/uid_map']
  await asOrdinary(oci, { before: withRanges(dir) }, async user => {
    const { stdout, stderr } = await user.run({ process: { args }, linux }, how)
    t.match(stdout, new RegExp(`^ +0 +${ORDINARY} +1\n +1 +400000 +1000\n$`), stderr)
    t.equal(readFileSync(said, 'utf8'), '', 'none of them ran')
    execFileSync('sh', ['-c', 'newuidmap'], how)
    t.equal(readFileSync(said, 'utf8'), 'newuidmap\n', 'by its name it would have')
    const more = [RANGES[0], { containerID: 1, hostID: 500_000, size: 1000 }]
    for (const bad of [{ uidMappings: more }, { gidMappings: more }]) {
      const { id, dir: made } = user.bundle({
        process: { args: ['/bin/probe', 'echo', 'ran'] },
        linux: { ...linux, ...bad },
      })
      const refused = await user.tsbox(['run', '--bundle', made, id], how)
      t.match(
        refused,
        { status: 1, stdout: '', stderr: /new[ug]idmap/ },
        'a range that is not theirs is fatal',
      )
      t.match(await user.tsbox(['state', id]), { status: 1 }, 'and nothing is left of it')
    }
  })
})

await test('G9: with a range, who is not root inside is nobody the host knows', {
  skip: !existsSync('/usr/bin/newuidmap') && 'newuidmap is not installed',
}, async oci => {
  const { t, dir } = oci
  await asOrdinary(oci, { before: withRanges(dir) }, async user => {
    const linux = { uidMappings: RANGES, gidMappings: RANGES }
    const {
      id,
      dir: made,
      rootfs,
    } = user.bundle({
      process: {
        args: ['/bin/sh', '-c', 'touch /tmp-1 && busybox chown 7:8 /tmp-1; touch /mine'],
        user: { uid: 0, gid: 0 },
      },
      linux,
    })
    t.match(await user.tsbox(['run', '--bundle', made, id]), { status: 0, stderr: '' })
    const owners = ['tmp-1', 'mine'].map(name => {
      const { uid, gid } = lstatSync(join(rootfs, name))
      return [uid, gid]
    })
    t.same(owners, [
      [400_006, 400_007],
      [ORDINARY, ORDINARY],
    ])
  })
})

await test('G3, G7: state is the user’s alone, wherever it lies and whatever the umask', {}, async oci => {
  const { t, dir } = oci
  await asOrdinary(oci, {}, async user => {
    const before = ['sh', '-c', 'umask 000; exec "$@"', 'sh']
    const id = await user.start({}, { before })
    t.equal(lstatSync(join(user.root, id)).mode & 0o777, 0o700)
    const writable = execFileSync('find', [
      join(user.root, id),
      '-perm',
      '/022',
      '!',
      '-type',
      'l',
    ]).toString()
    t.equal(writable, '', 'nothing of it can be written by others')
    const other = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']
    const root = ['--root', user.root]
    for (const args of [
      ['state', id],
      ['kill', id, 'KILL'],
      ['delete', '--force', id],
      ['exec', id, '/bin/true'],
      ['start', id],
    ])
      t.match(
        await oci.tsbox([...root, ...args], { before: other }),
        { status: 1 },
        `another user’s ${args[0]}`,
      )
    t.match((await user.tsbox(['state', id])).stdout, /"status": ?"running"/)

    const taken = join(dir, 'taken')
    mkdirSync(taken)
    execFileSync('chown', ['65534', taken])
    chmodSync(taken, 0o777)
    const { id: next, dir: made } = user.bundle()
    const refused = await user.tsbox(['--root', taken, 'create', '--bundle', made, next])
    t.match(refused, { status: 1, stderr: /65534|belongs/ }, 'a directory somebody else made is not believed')
    t.same(readdirSync(taken), [])
  })
})
