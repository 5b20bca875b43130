// Families J, K and C against the OCI runtime: namespaces that are joined by a path.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from '../helpers/live-box.ts'
import { type Json, NAMESPACES } from '../oci/helpers/config.ts'
import { type Oci, ociTests } from '../oci/helpers/oci-test.ts'
import { program, sceneOf } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)

/** All namespaces are new but one, which is that of a path. */
const joining = (type: string, path: string, more: Json = {}): Json => ({
  linux: { namespaces: [...NAMESPACES.filter(each => each.type !== type), { type, path }], ...more },
})

/** A process in new namespaces of somebody else. */
const holder = async ({ t }: Oci, ...flags: readonly string[]): Promise<number> => {
  const child = spawn('unshare', [...flags, 'sleep', '1000'], { stdio: 'ignore' })
  t.teardown(() => child.kill('SIGKILL'))
  const pid = child.pid ?? 0
  const isApart = () => readFileSync(`/proc/${pid}/comm`, 'latin1') === 'sleep\n' || undefined
  if ((await eventually(isApart)) === undefined) throw new Error('unshare does not start')
  return pid
}

await test('J10: a path that is no such namespace is refused by its field, and nobody waits', {}, async oci => {
  const { t, dir } = oci
  const { run } = sceneOf(oci)
  const file = (name: string, make: (path: string) => void) => {
    make(join(dir, name))
    return join(dir, name)
  }
  // What is left of a namespace file after it was unmounted, as after the end of a pod.
  const deleted = file('deleted', path => writeFileSync(path, ''))
  execFileSync('mount', ['--bind', '/proc/self/ns/net', deleted])
  execFileSync('umount', [deleted])
  const gone = await holder(oci, '--net')
  process.kill(gone, 'SIGKILL')
  await eventually(() => !existsSync(`/proc/${gone}/ns/net`) || undefined)
  const paths = [
    '/proc/self/ns/uts',
    '/proc/self/ns/mnt',
    '/proc/self/ns/user',
    `/proc/${gone}/ns/net`,
    deleted,
    file('fifo', path => execFileSync('mkfifo', [path])),
    file('directory', path => mkdirSync(path)),
    join(dir, 'missing'),
    '/dev/null',
    '/dev/tty',
    '/proc/self/mem',
    '/proc/self/ns',
    dir,
  ]
  for (const path of paths) {
    const { status, stdout, stderr } = await run(
      { ...joining('network', path), ...program('/bin/probe', 'echo', 'ran') },
      { patience: 15_000 },
    )
    t.same([status, stdout], [1, ''], path.replace(dir, 'DIR'))
    t.match(stderr, /linux\.namespaces/, 'naming the field')
  }
  const net = await holder(oci, '--net')
  t.match(
    await run({ ...joining('network', `/proc/${net}/ns/net`), ...program('/bin/probe', 'echo', 'ran') }),
    { stdout: 'ran\n' },
  )
})

await test('J10: a network of somebody else’s user namespace is not entered with fewer rights than it takes', {}, async oci => {
  const { t } = oci
  const { run } = sceneOf(oci)
  const foreign = await holder(oci, '--user', '--map-root-user', '--net')
  const maps = [{ containerID: 0, hostID: 200_000, size: 1000 }]
  const path = `/proc/${foreign}/ns/net`
  const mapped = { uidMappings: maps, gidMappings: maps }
  const { linux } = joining('network', path, mapped) as { linux: { namespaces: readonly Json[] } }
  const wrong = await run({
    linux: { ...linux, namespaces: [...linux.namespaces, { type: 'user' }] },
    ...program('/bin/true'),
  })
  t.match(
    wrong,
    { status: 1, stderr: /linux\.namespaces/ },
    'a container with a user namespace of its own has no say there',
  )
})

/** The settings of a network, of IPC and of names, as a process of theirs sees them. */
const settings = (pid: number): string =>
  execFileSync('nsenter', [
    ...['-t', `${pid}`, '-n', '-i', '-u', 'cat', '/proc/sys/kernel/hostname', '/proc/sys/kernel/domainname'],
    ...['/proc/sys/net/ipv4/ip_forward', '/proc/sys/kernel/shmmax'],
  ]).toString()

await test('C4, K: what a joined namespace of the host holds is not changed', {}, async oci => {
  const { t, dir } = oci
  const { run } = sceneOf(oci)
  // In the place of the host, which would suffer from a mistake: the runtime is started in these namespaces.
  const host = await holder(oci, '--net', '--ipc', '--uts')
  const before = ['nsenter', '-t', `${host}`, '-n', '-i', '-u']
  const then = settings(host)
  const bound = join(dir, 'bound')
  writeFileSync(bound, '')
  const cases = [
    ['network', 'net', { linux: { sysctl: { 'net.ipv4.ip_forward': /\n1\n/.test(then) ? '0' : '1' } } }],
    ['ipc', 'ipc', { linux: { sysctl: { 'kernel.shmmax': '12345' } } }],
    ['uts', 'uts', { hostname: 'changed' }],
    ['uts', 'uts', { domainname: 'changed' }],
  ] as const
  for (const [type, file, over] of cases) {
    const more = 'linux' in over ? over.linux : {}
    const there = (path: string) => {
      const { linux } = joining(type, path) as { linux: Json }
      return run({ ...program('/bin/true'), ...over, linux: { ...linux, ...more } }, { before })
    }
    // By its own name, by that of a process that shares it, and by a bind of it.
    execFileSync('mount', ['--bind', `/proc/${host}/ns/${file}`, bound])
    for (const path of [`/proc/self/ns/${file}`, `/proc/${host}/ns/${file}`, bound]) {
      const { status, stderr } = await there(path)
      t.equal(status, 1, `${type}: ${path.replace(dir, 'DIR')}`)
      t.match(stderr, /(hostname|domainname|linux\.sysctl).*namespace of the host/)
    }
    execFileSync('umount', [bound])
    t.match(await there(`${bound}/none`), { status: 1, stderr: /linux\.namespaces.*ERR_TSBOX_/ })
  }
  t.equal(settings(host), then, 'the host is as it was')
  const other = await holder(oci, '--net', '--ipc', '--uts')
  const sysctl = { 'net.ipv4.ip_forward': '1' }
  const joined = joining('network', `/proc/${other}/ns/net`, { sysctl })
  t.equal((await run({ ...program('/bin/true'), ...joined }, { before })).status, 0)
  t.match(settings(other), /\n1\n/, 'in one that is not the host’s it is set')
})

await test('K: who joins a network or a process namespace is in it, and loses nothing of the rest', {}, async oci => {
  const { t, ok } = oci
  const { start } = sceneOf(oci)
  const one = await start()
  const { pid } = JSON.parse(await ok(['state', one]))
  const two = await start(joining('pid', `/proc/${pid}/ns/pid`))
  const state = JSON.parse(await ok(['state', two]))
  const link = (of: number, type: string) => readlinkSync(`/proc/${of}/ns/${type}`)
  t.equal(link(state.pid, 'pid'), link(pid, 'pid'))
  for (const type of ['net', 'mnt', 'ipc', 'uts', 'cgroup'])
    t.not(link(state.pid, type), link(pid, type), type)
  const joined = await ok(['exec', two, '/bin/probe', 'ns'])
  for (const type of ['pid', 'net', 'mnt', 'ipc', 'uts', 'cgroup'])
    t.match(joined, link(state.pid, type), `exec: ${type}`)
  // Its neighbour is seen, and that is all: what leads into its root needs rights that neither has.
  for (const words of ['ls /proc/1/root/bin', 'ls /proc/1/fd', 'cat /proc/1/environ']) {
    const { stdout } = await oci.tsbox(['exec', '--user', '1000', two, '/bin/probe', ...words.split(' ')])
    t.match(stdout, /errno=(13|1)\b/, words)
  }
  await ok(['delete', '--force', two])
  t.match(JSON.parse(await ok(['state', one])), { status: 'running' }, 'and its end is not the other’s')
})
