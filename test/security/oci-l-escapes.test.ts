// Families K and L against the OCI runtime: well-known ways out, as far as capabilities and namespaces stop them. What a filter
// refuses is in oci-d-seccomp.
import { mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { attack } from '../helpers/attack.ts'
import { outcomeOf } from '../helpers/command.ts'
import { NATIVE_ABI } from '../helpers/filter-probe.ts'
import { callNumber } from '../helpers/syscall-numbers.ts'
import { CAPABILITIES, type Json, MOUNTS, NAMESPACES } from '../oci/helpers/config.ts'
import { type Oci, ociTests } from '../oci/helpers/oci-test.ts'
import { type Scene, sceneOf } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)

const capable = (...more: readonly string[]): Json => {
  const all = [...CAPABILITIES, ...more]
  return { bounding: all, effective: all, permitted: all }
}

/** What a program says as a container's first process, and as one that joins. */
const both = async (
  { ok }: Oci,
  scene: Scene,
  args: readonly string[],
  over: Json = {},
): Promise<readonly string[]> => {
  const process = over.process as Json | undefined
  const { stdout } = await scene.run({ ...over, process: { ...process, args } })
  return [stdout, await ok(['exec', await scene.start(over), ...args])]
}

await test('L1: a file cannot be opened by its handle', {}, async oci => {
  const { t } = oci
  const scene = sceneOf(oci)
  const args = ['/bin/attack', 'handle', '/bin']
  for (const text of await both(oci, scene, args)) t.match(text, /open-by-handle: errno=1$/m)
  const bare = await outcomeOf(attack(), ['handle', scene.rootfs])
  if (/name-to-handle/.test(bare.stdout)) return t.comment('this file system has no handles')
  const process = { capabilities: capable('CAP_DAC_READ_SEARCH') }
  for (const text of await both(oci, scene, args, { process }))
    t.match(text, /open-by-handle: ok/, 'with CAP_DAC_READ_SEARCH it can')
})

await test('L7: a container sees its own processes and namespaces only', {}, async oci => {
  const { t } = oci
  const scene = sceneOf(oci)
  const numbers = (text: string) =>
    text
      .split('\n')
      .filter(name => /^\d+$/.test(name))
      .map(Number)
  const [init = '', joined = ''] = await both(oci, scene, ['/bin/probe', 'ls', '/proc'])
  t.same([numbers(init), numbers(joined).length], [[1], 2])
  t.ok(readdirSync('/proc').filter(name => /^\d+$/.test(name)).length > 3, 'the host has more')
  for (const text of await both(oci, scene, ['/bin/probe', 'status'])) t.match(text, /^NSpid:\t\d+$/m)
  const links = (text: string) =>
    Object.fromEntries([...text.matchAll(/^(\w+) (\w+:\[\d+\])$/gm)].map(([, name, link]) => [name, link]))
  for (const text of await both(oci, scene, ['/bin/probe', 'ns']))
    for (const name of ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts'])
      t.not(links(text)[name], readlinkSync(`/proc/self/ns/${name}`), `${name} is its own`)

  const shared = { linux: { namespaces: NAMESPACES.filter(({ type }) => type !== 'pid') } }
  const user = { process: { user: { uid: 1000, gid: 1000 } } }
  const look = [
    '/bin/sh',
    '-c',
    `ls /proc/${process.pid}/root/ 2>&1; cat /proc/1/environ 2>&1; probe stat /proc/1/root${scene.mark}; probe ptrace ${process.pid}`,
  ]
  for (const text of await both(oci, scene, look, { ...shared, ...user })) {
    t.match(
      text,
      /errno=(2|13)\nptrace: errno=1$/m,
      'with the host’s processes in sight, an ordinary user reaches none',
    )
    t.notMatch(text, 'type=f')
  }
  const strong = { process: { capabilities: capable('CAP_SYS_PTRACE') } }
  const [seen] = await both(oci, scene, ['/bin/probe', 'stat', `/proc/${process.pid}/root${scene.mark}`], {
    ...shared,
    ...strong,
  })
  t.match(seen, /type=f/, 'with CAP_SYS_PTRACE and the host’s processes the host is open')
})

await test('L11: nothing of the whole machine is changed', {}, async oci => {
  const { t } = oci
  const scene = sceneOf(oci)
  const calls: Readonly<Record<string, readonly (number | string)[]>> = {
    clock_settime: [0, 1],
    settimeofday: [1, 0],
    swapoff: [1],
    swapon: [1, 0],
    acct: [1],
    reboot: [0, 0, 0, 0],
    finit_module: [-1, 1, 0],
    delete_module: [1, 0],
    kexec_load: [0, 1, 0, 0xffff],
    syslog: [5, 0, 0],
    vhangup: [],
  }
  const before = [hostname(), readFileSync('/proc/swaps', 'utf8')]
  const script = Object.entries(calls)
    .map(([name, args]) => `echo ${name} $(probe syscall ${callNumber(NATIVE_ABI, name)} ${args.join(' ')})`)
    .join('; ')
  for (const text of await both(oci, scene, ['/bin/sh', '-c', `${script}; probe sethostname changed`])) {
    const lines = text.trim().split('\n')
    t.same(
      lines.filter(line => !/errno=(1|38|14)$/.test(line)),
      [],
      text,
    )
    t.equal(lines.length, Object.keys(calls).length + 1)
  }
  t.same([hostname(), readFileSync('/proc/swaps', 'utf8')], before)
})

await test('L14: a crash reaches no handler of the host', {}, async oci => {
  const { t, ok } = oci
  const scene = sceneOf(oci)
  const made = join(oci.dir, 'template')
  mkdirSync(made)
  await ok(['spec', '--bundle', made])
  const { process } = JSON.parse(readFileSync(join(made, 'config.json'), 'utf8'))
  const limits = ['/bin/probe', 'rlimits']
  for (const text of await both(oci, scene, limits, { process: { rlimits: process.rlimits } }))
    t.match(text, /^core 0 0$/m, 'with the usual configuration there is no core file')
})

await test('K1: raw and packet sockets need a capability', {}, async oci => {
  const { t } = oci
  const scene = sceneOf(oci)
  const socket = callNumber(NATIVE_ABI, 'socket')
  const script = [
    [17, 3],
    [2, 3],
    [10, 3],
  ]
    .map(([family, type]) => `probe syscall ${socket} ${family} ${type} 1`)
    .join('; ')
  const args = ['/bin/sh', '-c', script]
  for (const text of await both(oci, scene, args)) t.match(text, /^(ret=-1 errno=1\n){3}$/)
  for (const text of await both(oci, scene, args, { process: { capabilities: capable('CAP_NET_RAW') } }))
    t.match(text, /^ret=3\n/m, 'with CAP_NET_RAW there are some')
})

await test('L9, L13: there is no security file system and no device for machines', {}, async oci => {
  const { t } = oci
  const scene = sceneOf(oci)
  const sys = {
    destination: '/sys',
    type: 'sysfs',
    source: 'sysfs',
    options: ['nosuid', 'noexec', 'nodev', 'ro'],
  }
  const script =
    'ls /sys/kernel/security /sys/kernel/debug /sys/kernel/tracing /sys/fs/bpf; for d in kvm fuse net/tun mem kmsg vhost-net; do probe open /dev/$d rw; done'
  for (const text of await both(oci, scene, ['/bin/sh', '-c', script], { mounts: [...MOUNTS, sys] })) {
    t.notMatch(text.replace(/^\/sys.*:$/gm, ''), /^[a-z]\w*$/m, 'they are empty')
    t.equal(text.match(/open: errno=2/g)?.length, 6)
  }
})
