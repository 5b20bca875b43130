// Namespaces of a configuration: new ones, none, and those of somebody else.
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from '../helpers/live-box.ts'
import { type Json, MOUNTS, NAMESPACES, PROC } from './helpers/config.ts'
import { ociTests } from './helpers/oci-test.ts'

const test = ociTests(import.meta.filename)

/** The kinds of the specification, and their files in /proc/PID/ns. */
const FILES: Readonly<Record<string, string>> = {
  pid: 'pid',
  network: 'net',
  ipc: 'ipc',
  uts: 'uts',
  mount: 'mnt',
  cgroup: 'cgroup',
  time: 'time',
  user: 'user',
}

const namespaceOf = (pid: number | 'self', type: string): string =>
  readlinkSync(`/proc/${pid}/ns/${FILES[type]}`)

const ALL: readonly Json[] = [...NAMESPACES, { type: 'time' }, { type: 'user' }]
const ROOT_MAP = [{ containerID: 0, hostID: 0, size: 4_000_000 }]
const mapped = { uidMappings: ROOT_MAP, gidMappings: ROOT_MAP }

await test('a namespace that is named is new, and one that is not is the caller’s', {
  shows: ['linux.namespaces[].type'],
}, async ({ t, start }) => {
  const { pid, kill } = await start({ linux: { namespaces: ALL, ...mapped } })
  const number = await pid()
  for (const type of Object.keys(FILES)) t.not(namespaceOf(number, type), namespaceOf('self', type), type)
  await kill()
  const few = await start({ mounts: [PROC], linux: { namespaces: [{ type: 'mount' }] } })
  const other = await few.pid()
  for (const type of Object.keys(FILES).filter(type => type !== 'mount'))
    t.equal(namespaceOf(other, type), namespaceOf('self', type), `no ${type}`)
  t.not(namespaceOf(other, 'mount'), namespaceOf('self', 'mount'))
})

await test('a container joins namespaces of another by their paths', {
  shows: ['linux.namespaces[].path'],
}, async oci => {
  const { t, start, ok } = oci
  const holder = await start({
    linux: { namespaces: ALL, ...mapped, timeOffsets: { boottime: { secs: 1000 } } },
  })
  const one = await holder.pid()
  for (const type of ['network', 'ipc', 'uts', 'cgroup', 'time', 'pid', 'user']) {
    const path = `/proc/${one}/ns/${FILES[type]}`
    const others = NAMESPACES.filter(each => each.type !== type)
    const user = type === 'user' ? mapped : {}
    const joiner = await start({ linux: { namespaces: [...others, { type, path }], ...user } })
    const two = await joiner.pid()
    t.equal(namespaceOf(two, type), namespaceOf(one, type), type)
    for (const each of Object.keys(FILES).filter(each => ![type, 'time', 'user'].includes(each)))
      t.not(namespaceOf(two, each), namespaceOf(one, each), `${each} beside ${type}`)
    const { stdout, stderr } = await joiner.exec(['/bin/probe', 'ns'])
    t.match(stdout, namespaceOf(one, type), stderr)
    if (type === 'pid')
      t.match((await holder.exec(['ps'])).stdout, /probe pause[\s\S]*probe pause/, 'they see each other')
    await ok(['delete', '--force', joiner.id])
  }
  t.match(await holder.state(), { status: 'running' }, 'the other one lives on')
})

await test('a container joins a mount namespace by its path', { shows: ['linux.namespaces[].path'] }, async ({
  t,
  start,
}) => {
  const holder = spawn('unshare', ['--mount', '--propagation', 'private', 'sleep', '1000'], {
    stdio: 'ignore',
  })
  const number = holder.pid ?? 0
  try {
    await eventually(() => namespaceOf(number, 'mount') !== namespaceOf('self', 'mount') || undefined)
    const namespaces = NAMESPACES.map(each =>
      each.type === 'mount' ? { type: 'mount', path: `/proc/${number}/ns/mnt` } : each,
    )
    const { pid, exec, kill } = await start({ linux: { namespaces } })
    t.equal(namespaceOf(await pid(), 'mount'), namespaceOf(number, 'mount'))
    t.equal((await exec(['ls', '/'])).stdout, 'bin\ndev\nproc\n')
    await kill()
  } finally {
    holder.kill('SIGKILL')
  }
})

await test('what is no namespace of the kind is refused by name, and at once', {
  shows: ['linux.namespaces[].{type,path}'],
}, async ({ t, dir, refusal }) => {
  const file = join(dir, 'file')
  writeFileSync(file, '')
  execFileSync('mkfifo', [join(dir, 'fifo')])
  mkdirSync(join(dir, 'directory'))
  const net = (path: string) =>
    refusal({
      linux: {
        namespaces: [...NAMESPACES.filter(({ type }) => type !== 'network'), { type: 'network', path }],
      },
    })
  for (const path of [
    '/proc/self/ns/uts',
    file,
    join(dir, 'fifo'),
    join(dir, 'directory'),
    join(dir, 'missing'),
    '/dev/null',
  ])
    t.match(await net(path), /linux\.namespaces\[5\]\.path/, path)
  t.match(await net('relative'), /linux\.namespaces\[5\]\.path/)
  t.match(
    await refusal({ linux: { namespaces: [...NAMESPACES, { type: 'uts' }] } }),
    /linux\.namespaces\[6\]/,
  )
  t.match(
    await refusal({ linux: { namespaces: [...NAMESPACES, { type: 'sound' }] } }),
    /linux\.namespaces\[6\]\.type/,
  )
  t.match(
    await refusal({ linux: { namespaces: NAMESPACES.filter(({ type }) => type !== 'mount') } }),
    /linux\.namespaces: .*mount/,
  )
})

await test('clocks of a new time namespace', {
  shows: ['linux.timeOffsets.{boottime,monotonic}.{secs,nanosecs}'],
}, async ({ t, script, start, refusal }) => {
  const namespaces = [...NAMESPACES, { type: 'time' }]
  const timeOffsets = {
    boottime: { secs: 86_400, nanosecs: 5 },
    monotonic: { secs: -7, nanosecs: 999_999_999 },
  }
  const text = await script('cat /proc/self/timens_offsets /proc/uptime', {
    linux: { namespaces, timeOffsets },
  })
  t.match(text, /^monotonic +-7 +999999999\nboottime +86400 +5\n/)
  const inside = Number(text.split('\n')[2]?.split(' ')[0])
  const outside = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])
  t.ok(Math.abs(inside - outside - 86_400) < 60, `${inside} in, ${outside} out`)
  const { exec } = await start({ linux: { namespaces, timeOffsets } })
  t.match(
    (await exec(['cat', '/proc/self/timens_offsets'])).stdout,
    /boottime +86400 +5/,
    'exec has them too',
  )
  t.match(await refusal({ linux: { timeOffsets } }), /linux\.timeOffsets: there is no new time namespace/)
})

await test('hostname and domainname', { shows: ['hostname', 'domainname'] }, async ({
  t,
  script,
  refusal,
}) => {
  const text = 'cat /proc/sys/kernel/hostname /proc/sys/kernel/domainname'
  t.equal(
    await script(text, { hostname: 'some-host', domainname: 'example.org' }),
    'some-host\nexample.org\n',
  )
  t.equal(
    await script(text),
    execFileSync('cat', ['/proc/sys/kernel/hostname', '/proc/sys/kernel/domainname']).toString(),
  )
  const linux = { namespaces: NAMESPACES.filter(({ type }) => type !== 'uts') }
  t.match(await refusal({ hostname: 'x', linux }), /hostname: .*UTS namespace/)
  t.match(await refusal({ domainname: 'x', linux }), /domainname: .*UTS namespace/)
  t.match(await refusal({ hostname: 'x'.repeat(65) }), /hostname: /)
})

await test('kernel parameters of the container’s own namespaces', { shows: ['linux.sysctl.*'] }, async ({
  t,
  script,
  refusal,
}) => {
  const sysctl = {
    'net.ipv4.ip_forward': '1',
    'net.ipv4.ip_local_port_range': '2000 3000',
    'kernel.shmmax': '12345',
    'kernel/msgmax': '4321',
  }
  const text = await script(
    'cd /proc/sys; cat net/ipv4/ip_forward net/ipv4/ip_local_port_range kernel/shmmax kernel/msgmax',
    { linux: { sysctl } },
  )
  t.equal(text, '1\n2000\t3000\n12345\n4321\n')
  t.equal(await script('cat /proc/sys/net/ipv4/ip_forward', { linux: { sysctl }, mounts: MOUNTS }), '1\n')
  t.match(await refusal({ linux: { sysctl: { 'kernel.sysrq': '1' } } }), /linux\.sysctl\["kernel\.sysrq"\]/)
  t.match(
    await refusal({ linux: { sysctl: { 'net.ipv4.nonsense': '1' } } }),
    /linux\.sysctl\["net\.ipv4\.nonsense"\]/,
  )
  t.match(
    await refusal({ linux: { sysctl: { 'kernel.shmmax': 'lots' } } }),
    /linux\.sysctl\["kernel\.shmmax"\]/,
  )
  const noNet = {
    namespaces: NAMESPACES.filter(({ type }) => type !== 'network'),
    sysctl: { 'net.ipv4.ip_forward': '1' },
  }
  t.match(await refusal({ linux: noNet }), /linux\.sysctl\["net\.ipv4\.ip_forward"\]: .*network namespace/)
})

await test('personality', { shows: ['linux.personality.{domain,flags}'] }, async ({
  t,
  script,
  start,
  refusal,
}) => {
  const personality = { domain: 'LINUX32' }
  t.match(await script('uname -m', { linux: { personality } }), /^(i686|armv\w+)\n$/)
  const { exec } = await start({ linux: { personality } })
  t.match((await exec(['uname', '-m'])).stdout, /^(i686|armv\w+)\n$/, 'exec has it too')
  t.equal(
    await script('uname -m', { linux: { personality: { domain: 'LINUX' } } }),
    execFileSync('uname', ['-m']).toString(),
  )
  t.match(
    await refusal({ linux: { personality: { domain: 'LINUX', flags: ['ADDR_NO_RANDOMIZE'] } } }),
    /linux\.personality\.flags\[0\]/,
  )
})
