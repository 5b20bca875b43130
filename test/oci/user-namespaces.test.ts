// Containers whose root is not the host's.
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { command, outcomeOf } from '../helpers/command.ts'
import { type Json, MOUNTS, NAMESPACES, PROC } from './helpers/config.ts'
import { type Oci, ociTests } from './helpers/oci-test.ts'

const test = ociTests(import.meta.filename)

const map = (containerID: number, hostID: number, size: number): Json => ({ containerID, hostID, size })
const USER = {
  namespaces: [...NAMESPACES, { type: 'user' }],
  uidMappings: [map(0, 100_000, 1000), map(5000, 300_000, 10)],
  gidMappings: [map(0, 200_000, 1000)],
}

/** A container with these maps, whose root file system belongs to its root. */
const owned = (
  { id, bundle }: Oci,
  over: Json,
): { readonly name: string; readonly dir: string; readonly rootfs: string } => {
  const name = id()
  const { dir, rootfs } = bundle(name, over)
  execFileSync('chown', ['-R', '100000:200000', rootfs])
  return { name, dir, rootfs }
}

await test('users and groups are mapped as it is said', {
  shows: ['linux.{uidMappings,gidMappings}[].{containerID,hostID,size}', 'linux.namespaces[].type'],
}, async oci => {
  const { t, ok, tsbox } = oci
  const { name, dir, rootfs } = owned(oci, { linux: USER })
  await ok(['run', '-d', '--bundle', dir, name])
  const { pid } = JSON.parse(await ok(['state', name]))
  const lines = (file: string) =>
    readFileSync(`/proc/${pid}/${file}`, 'utf8')
      .trim()
      .split('\n')
      .map(line => line.trim().split(/ +/).map(Number))
  t.same(lines('uid_map'), [
    [0, 100_000, 1000],
    [5000, 300_000, 10],
  ])
  t.same(lines('gid_map'), [[0, 200_000, 1000]])
  t.match(
    readFileSync(`/proc/${pid}/status`, 'utf8'),
    /^Uid:\t100000\t100000\t100000\t100000\nGid:\t200000\t/m,
  )
  const { stdout, stderr } = await tsbox([
    'exec',
    '--user',
    '5003:7',
    '-g',
    '9',
    name,
    'sh',
    '-c',
    'id -u; id -G; touch /dev/shm-x 2>&1; echo $?',
  ])
  t.match(stdout, /^5003\n7 9\n/, stderr)
  await ok(['exec', name, 'touch', '/made'])
  const { uid, gid } = statSync(join(rootfs, 'made'))
  t.same([uid, gid], [100_000, 200_000])
})

await test('devices, proc and pseudo-terminals are there too', {
  shows: ['linux.devices[].path'],
}, async oci => {
  const { t, tsbox } = oci
  const script =
    'echo x >/dev/null; head -c 3 /dev/zero | wc -c; ls /dev; stat -c %F /dev/tty; cat /proc/sys/net/ipv4/ip_forward; ls /dev/pts'
  const devices = [{ path: '/dev/kmsg', type: 'c', major: 1, minor: 11 }]
  const { name, dir } = owned(oci, {
    process: { args: ['/bin/busybox', 'sh', '-euc', script] },
    linux: { ...USER, devices, sysctl: { 'net.ipv4.ip_forward': '1' } },
  })
  const { stdout, stderr } = await tsbox(['run', '--bundle', dir, name])
  t.match(stdout, /^3\n/, stderr)
  for (const device of ['null', 'zero', 'full', 'random', 'urandom', 'tty', 'kmsg'])
    t.match(stdout, new RegExp(`^${device}$`, 'm'))
  t.match(stdout, /character special file\n1\nptmx\n$/)
})

await test('what the host owns cannot be changed, and ids without a map do not exist', {
  shows: ['linux.uidMappings[].size'],
}, async oci => {
  const { t, tsbox, fails, refusal } = oci
  const file = join(oci.dir, 'of-host')
  writeFileSync(file, 'x')
  const mounts = [...MOUNTS, { destination: '/of-host', source: file, options: ['bind'] }]
  const script = 'stat -c %u /of-host; echo y >/of-host || echo refused'
  const { name, dir } = owned(oci, { mounts, linux: USER, process: { args: ['sh', '-c', script] } })
  t.match(await tsbox(['run', '--bundle', dir, name]), { stdout: '65534\nrefused\n' })
  const unmapped = owned(oci, { linux: USER, process: { user: { uid: 2000, gid: 0 } } })
  t.match(await fails(['create', '--bundle', unmapped.dir, unmapped.name]), /process\.user/)
  t.match(await refusal({ linux: { ...USER, uidMappings: [] } }), /linux\.uidMappings: is missing/)
  t.match(
    await refusal({ linux: { uidMappings: USER.uidMappings } }),
    /linux\.uidMappings: there is no user namespace/,
  )
  t.match(
    await refusal({ linux: { ...USER, uidMappings: [map(0, 1, 10), map(5, 100, 1)] } }),
    /linux\.uidMappings/,
  )
})

const NOBODY = 54_321

/** A place and a container for an ordinary user, who can make no cgroup and no device. */
const asUser = async (
  oci: Oci,
  { maps, before = [] }: { readonly maps: Json; readonly before?: readonly string[] },
  script: string,
) => {
  const { dir, id, bundle } = oci
  const name = id()
  const namespaces = ['pid', 'ipc', 'uts', 'mount', 'user'].map(type => ({ type }))
  const process = { args: ['/bin/sh', '-c', script] }
  const pts = {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['newinstance', 'ptmxmode=0666'],
  }
  const made = bundle(name, {
    process,
    mounts: [PROC, MOUNTS[1], pts],
    linux: { namespaces, cgroupsPath: undefined, ...maps },
  })
  const state = join(dir, 'of-user')
  mkdirSync(state, { recursive: true })
  chmodSync(dir, 0o755)
  for (const path of [state, made.dir]) {
    execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, path])
    chownSync(path, NOBODY, NOBODY)
  }
  const drop = [
    'setpriv',
    '--reuid',
    `${NOBODY}`,
    '--regid',
    `${NOBODY}`,
    '--clear-groups',
    '--inh-caps=-all',
  ]
  const [file = '', ...words] = [
    ...before,
    ...drop,
    command(),
    '--root',
    join(state, 'root'),
    'run',
    '--bundle',
    made.dir,
    name,
  ]
  return outcomeOf(file, words, { cwd: '/' })
}

await test('an ordinary user runs a container as its root', {
  shows: ['linux.{uidMappings,gidMappings}[].hostID'],
}, async oci => {
  const maps = { uidMappings: [map(0, NOBODY, 1)], gidMappings: [map(0, NOBODY, 1)] }
  const { stdout, stderr, status } = await asUser(
    oci,
    { maps },
    'id -u; id -g; echo x >/dev/null && touch /made && cat /proc/self/uid_map',
  )
  oci.t.same([stderr, status], ['', 0])
  oci.t.match(stdout, new RegExp(`^0\\n0\\n +0 +${NOBODY} +1\\n$`))
})

const HELPERS = existsSync('/usr/bin/newuidmap') && existsSync('/usr/bin/newgidmap')

await test('with newuidmap and newgidmap an ordinary user has several', {
  shows: ['linux.{uidMappings,gidMappings}[].size'],
  skip: !HELPERS && 'newuidmap is not installed',
}, async oci => {
  const ranges = join(oci.dir, 'ranges')
  writeFileSync(ranges, `${NOBODY}:400000:1000\n`)
  const accounts = join(oci.dir, 'passwd')
  writeFileSync(
    accounts,
    `${readFileSync('/etc/passwd', 'utf8')}tsbox-test:x:${NOBODY}:${NOBODY}::/:/bin/sh\n`,
  )
  // Its own accounts and ranges, in a mount namespace nobody else sees.
  const own = `mount --bind ${ranges} /etc/subuid; mount --bind ${ranges} /etc/subgid; mount --bind ${accounts} /etc/passwd; exec "$@"`
  const before = ['unshare', '-m', '--propagation', 'private', 'sh', '-euc', own, 'sh']
  const two = (first: number) => [map(0, first, 1), map(1, 400_000, 1000)]
  const maps = { uidMappings: two(NOBODY), gidMappings: two(NOBODY) }
  const { stdout, stderr, status } = await asUser(
    oci,
    { maps, before },
    'cat /proc/self/uid_map /proc/self/gid_map; touch /x && busybox chown 7:8 /x && stat -c %u:%g /x',
  )
  oci.t.same([stderr, status], ['', 0])
  oci.t.match(stdout, new RegExp(`^( +0 +${NOBODY} +1\\n +1 +400000 +1000\\n){2}7:8\\n$`))
  const other = await asUser(
    oci,
    { maps: { ...maps, uidMappings: [map(0, NOBODY, 1), map(1, 500_000, 1000)] }, before },
    'true',
  )
  oci.t.match(other.stderr, /newuidmap/, 'a range that is not theirs')
  oci.t.equal(other.status, 1)
})

await test('without root a limit is refused, because there is no group for it', {
  shows: ['linux.resources.pids.limit'],
}, async oci => {
  const maps = {
    uidMappings: [map(0, NOBODY, 1)],
    gidMappings: [map(0, NOBODY, 1)],
    resources: { pids: { limit: 9 } },
  }
  const { stderr, status } = await asUser(oci, { maps }, 'true')
  oci.t.equal(status, 1)
  oci.t.match(stderr, /linux\.resources\.pids: no cgroup can be made here without root/)
})
