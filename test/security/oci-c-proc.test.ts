// Family C against the OCI runtime: what of /proc and /sys can be read or written, labels and kernel parameters.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { inParallel } from '../helpers/boxes.ts'
import { type Json, merged, NAMESPACES } from '../oci/helpers/config.ts'
import { type Oci, type Options, ociTests } from '../oci/helpers/oci-test.ts'
import { program, type Scene, sceneOf } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)

const hostState = () => [
  hostname(),
  ...[
    'kernel/core_pattern',
    'kernel/modprobe',
    'vm/overcommit_memory',
    'net/ipv4/ip_forward',
    'kernel/shmmni',
  ]
    .map(name => `/proc/sys/${name}`)
    .filter(path => existsSync(path))
    .map(path => `${path} ${readFileSync(path, 'utf8')}`),
]

/** What `tsbox spec` writes, over which a test lays its own. */
const templateOf = async ({ dir, ok }: Oci): Promise<Json> => {
  const made = join(dir, 'template')
  if (!existsSync(made)) {
    mkdirSync(made)
    await ok(['spec', '--bundle', made])
  }
  const { root: _, ...config } = JSON.parse(readFileSync(join(made, 'config.json'), 'utf8'))
  return merged(config, { process: { terminal: false } })
}

/** Asks programs in the container of the template, each in a container of its own. */
const asks = async (oci: Oci, scene: Scene, over: Json = {}) => {
  const template = merged(await templateOf(oci), over)
  const { linux, process } = template as { linux: Json; process: Json }
  return (...args: readonly string[]) =>
    scene.run({ ...template, linux: { ...linux, cgroupsPath: undefined }, process: { ...process, args } })
}

await test('C3: a label that this host cannot put on is an error, for init and for who joins', {}, async oci => {
  const { t, fails } = oci
  const { run, start } = sceneOf(oci)
  if (existsSync('/sys/module/apparmor')) return t.comment('AppArmor is enabled: not looked at')
  for (const [over, field] of [
    [{ process: { apparmorProfile: 'no-such-profile' } }, 'process.apparmorProfile'],
    [{ process: { selinuxLabel: 'system_u:system_r:container_t:s0' } }, 'process.selinuxLabel'],
    [{ linux: { mountLabel: 'system_u:object_r:container_file_t:s0' } }, 'linux.mountLabel'],
  ] as const) {
    const { status, stderr } = await run(merged(program('/bin/true'), over))
    t.equal(status, 1)
    t.ok(stderr.includes(field), stderr)
  }
  const id = await start()
  t.match(await fails(['exec', '--apparmor', 'no-such-profile', id, '/bin/true']), /apparmorProfile/)
  t.match(await fails(['exec', '--process-label', 'a:b:c:s0', id, '/bin/true']), /selinuxLabel/)
  const file = join(oci.dir, 'process.json')
  const written = {
    args: ['/bin/true'],
    cwd: '/',
    user: { uid: 0, gid: 0 },
    apparmorProfile: 'no-such-profile',
  }
  writeFileSync(file, JSON.stringify(written))
  t.match(await fails(['exec', '--process', file, id]), /apparmorProfile/)
})

/** A program that would tell whether it ran is refused; the host of some tests is a namespace of their own. */
const refused = async (oci: Oci, scene: Scene, over: Json, options: Options = {}) => {
  const { status, stderr, stdout } = await scene.run(
    { ...program('/bin/probe', 'echo', 'ran'), ...over },
    options,
  )
  oci.t.match({ status, stdout, stderr }, { status: 1, stdout: '', stderr: /tsbox: / }, JSON.stringify(over))
}

await test('C4, C5: only kernel parameters of the container’s own namespaces are set', {}, async oci => {
  const { t } = oci
  const scene = sceneOf(oci)
  const before = hostState()
  const bad = [
    ...[
      'kernel.core_pattern',
      'kernel/core_pattern',
      'kernel.modprobe',
      'vm.overcommit_memory',
      'fs.suid_dumpable',
    ],
    ...[
      'kernel.hostname',
      'kernel.sem/../core_pattern',
      'net/../kernel/core_pattern',
      'net..kernel',
      'net.ipv4./etc/x',
    ],
    ...[
      '../../x',
      'net.a+b',
      'net.a\nb',
      'net.a=b',
      '',
      '.',
      'net.',
      'net/a.kernel/core_pattern',
      'net.ipv4.missing',
    ],
  ]
  await inParallel(bad, key => refused(oci, scene, { linux: { sysctl: { [key]: '1' } } }))
  for (const value of ['1\nkernel.core_pattern=x', '1\u0001', '1\u0000', '1\u007f'])
    await refused(oci, scene, { linux: { sysctl: { 'kernel.shmmni': value } } })
  const without = (type: string) => NAMESPACES.filter(each => each.type !== type)
  const forward = { 'net.ipv4.ip_forward': '1' }
  await refused(oci, scene, { linux: { sysctl: forward, namespaces: without('network') } })
  await refused(oci, scene, { linux: { sysctl: { 'kernel.shmmni': '9' }, namespaces: without('ipc') } })
  t.same(hostState(), before)
  for (const [key, value] of [
    ['net.ipv4.ip_unprivileged_port_start', '7'],
    ['net/ipv4/ip_unprivileged_port_start', '7'],
    ['kernel.shmmni', '4242'],
    ['net/ipv4/conf/lo/rp_filter', '2'],
  ] as const) {
    const { stdout, stderr } = await scene.run({
      ...program('/bin/probe', 'sysctl', key.replaceAll('.', '/')),
      linux: { sysctl: { [key]: value } },
    })
    t.equal(stdout, `${value}\n`, `${key} ${stderr}`)
  }
  t.same(hostState(), before, 'those of the host are what they were')
})

await test('C4: a namespace of the host’s that is joined by its path is not the container’s own', {}, async oci => {
  const { t } = oci
  const scene = sceneOf(oci)
  const before = hostState()
  // The host of these is a few namespaces of their own: nothing else is in danger.
  const host = { before: ['unshare', '--uts', '--ipc', '--net'] }
  for (const [type, sysctl, more] of [
    ['network', { 'net.ipv4.ip_forward': '1' }, {}],
    ['ipc', { 'kernel.shmmni': '99' }, {}],
    ['uts', {}, { hostname: 'other' }],
    ['uts', {}, { domainname: 'other' }],
    ['uts', { 'kernel.domainname': 'other' }, {}],
  ] as const) {
    const path = `/proc/self/ns/${type === 'network' ? 'net' : type}`
    const namespaces = [...NAMESPACES.filter(each => each.type !== type), { type, path }]
    await refused(oci, scene, { ...more, linux: { sysctl, namespaces } }, host)
    const plain = await scene.run({ ...program('/bin/true'), linux: { namespaces } }, host)
    t.equal(plain.status, 0, `without a setting it can be joined: ${plain.stderr}`)
  }
  t.same(hostState(), before)
})

const FILES = [
  'kcore',
  'keys',
  'timer_list',
  'interrupts',
  'sched_debug',
  'latency_stats',
  'timer_stats',
].map(name => `/proc/${name}`)
const DIRS = ['/proc/acpi', '/proc/scsi', '/proc/asound', '/sys/firmware', '/sys/devices/virtual/powercap']

await test('C6, C7, C8: what tells of the host is empty with the usual configuration', {}, async oci => {
  const { t } = oci
  const scene = sceneOf(oci)
  scene.plant('p', '/proc')
  const ask = await asks(oci, scene)
  for (const prefix of ['', '/proc/self/root', '/proc/1/root']) {
    const words = (paths: readonly string[]) => paths.map(path => prefix + path).join(' ')
    const script = `probe stat ${words(FILES)}; for d in ${words(DIRS)}; do echo "$d $(probe ls $d)"; done`
    const { stdout, stderr } = await ask('/bin/sh', '-c', script)
    const lines = stdout.trim().split('\n')
    t.equal(lines.length, FILES.length + DIRS.length, stdout + stderr)
    for (const line of lines.slice(0, FILES.length))
      t.match(line, /errno=(2|13)$|type=c .*rdev=1:3 /, line.split(' ')[0] ?? '')
    for (const line of lines.slice(FILES.length)) t.match(line, /^\S+ ?(ls: errno=(2|13))?$/)
  }
  t.equal((await ask('/bin/probe', 'cat', '/p/keys', '/p/interrupts')).stdout, '')
  const open = await asks(oci, scene, { linux: { maskedPaths: [] } })
  t.match((await open('/bin/probe', 'stat', ...FILES)).stdout, /type=f/, 'without masks some are seen')
})

const SINKS = [
  ...['kernel/core_pattern', 'kernel/modprobe', 'fs/binfmt_misc/register'].map(name => `/proc/sys/${name}`),
  ...['/proc/sysrq-trigger', '/proc/irq/default_smp_affinity', '/proc/bus/pci/devices'],
  ...['kernel/uevent_helper', 'kernel/mm/ksm/run', 'kernel/profiling', 'class/net/lo/mtu'].map(
    name => `/sys/${name}`,
  ),
  ...['cgroup.procs', 'memory/memory.limit_in_bytes', 'memory/release_agent', 'memory/notify_on_release'].map(
    name => `/sys/fs/cgroup/${name}`,
  ),
  ...['memory.max', 'pids/pids.max', 'pids.max', 'unified/cgroup.procs'].map(
    name => `/sys/fs/cgroup/${name}`,
  ),
]

const withCaps = (...names: readonly string[]): Json => {
  const all = names.map(name => `CAP_${name}`)
  return { process: { capabilities: { bounding: all, effective: all, permitted: all } } }
}
const DEFAULTS = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID']

await test('C9, E1, E2, L9: nothing that makes the kernel of the host act can be written', {}, async oci => {
  const { t } = oci
  const scene = sceneOf(oci)
  for (const caps of [DEFAULTS, [...DEFAULTS, 'SYS_ADMIN']]) {
    const ask = await asks(oci, scene, withCaps(...caps))
    const script = SINKS.map(path => `echo ${path}; /bin/probe open ${path} w`).join('; ')
    const { stdout, stderr } = await ask('/bin/busybox', 'sh', '-c', script)
    const answers = stdout.trim().split('\n')
    t.equal(answers.length, 2 * SINKS.length, stderr)
    const opened = answers.filter((line, i) => i % 2 === 1 && !/^open: errno=(2|13|20|30|1)$/.test(line))
    t.same(opened, [], `with ${caps.at(-1)}: ${stdout}`)
  }
  const ask = await asks(oci, scene)
  t.match((await ask('/bin/probe', 'ls', '/sys/kernel/security')).stdout, /^(ls: errno=2\n)?$/)
  const open = await asks(oci, scene, { ...withCaps(...DEFAULTS), linux: { readonlyPaths: [] } })
  t.match(
    (await open('/bin/probe', 'open', SINKS[0] ?? '', 'w')).stdout,
    /ok/,
    'not read-only, it can be opened',
  )
})

await test('C9, C10, E2: covers cannot be taken away, nor a fresh view be mounted', {}, async oci => {
  const { t } = oci
  const scene = sceneOf(oci)
  const ask = await asks(oci, scene)
  const covers = ['/proc/keys', '/proc/version', '/proc/sys', '/sys/firmware', '/sys', '/sys/fs/cgroup']
  // MS_REMOUNT | MS_BIND without MS_RDONLY: writable again.
  const wreck = covers.map(path => `probe umount ${path}; probe mount - ${path} - 0x1020`).join('; ')
  const { stdout } = await ask('/bin/sh', '-c', wreck)
  t.match(stdout, new RegExp(`^((umount|mount): errno=(1|2|22)\n){${2 * covers.length}}$`))
  const types = ['proc', 'sysfs', 'cgroup', 'cgroup2', 'debugfs', 'tmpfs', 'devpts', 'bpf', 'securityfs']
  const fresh = types.map(type => `probe mount none /bin ${type}${type === 'cgroup' ? ' 0 memory' : ''}`)
  t.equal((await ask('/bin/sh', '-c', fresh.join('; '))).stdout, 'mount: errno=1\n'.repeat(types.length))
  const strong = await asks(oci, scene, withCaps(...DEFAULTS, 'SYS_ADMIN'))
  t.match((await strong('/bin/probe', 'umount', '/proc/sys')).stdout, /umount: ok/, 'it takes CAP_SYS_ADMIN')
})

await test('C10: in a user namespace below the container’s covers are locked', {}, async oci => {
  const { t } = oci
  const scene = sceneOf(oci)
  const own = [{ containerID: 0, hostID: 0, size: 65_536 }]
  const { process } = withCaps(...DEFAULTS, 'SYS_ADMIN') as { process: Json }
  // What lies in a namespace of mounts with less rights than it was made with stays as it is (mount_namespaces(7)).
  const script = 'for p in /proc/sys /proc/version /proc/fs; do umount $p && echo gone; done; echo end'
  const linux = { maskedPaths: ['/proc/version', '/proc/fs'], readonlyPaths: ['/proc/sys'] }
  for (const more of [
    {},
    { namespaces: [...NAMESPACES, { type: 'user' }], uidMappings: own, gidMappings: own },
  ]) {
    const run = async (...args: string[]) =>
      (
        await scene.run({
          process: { ...process, args: ['/bin/busybox', ...args] },
          linux: { ...linux, ...more },
        })
      ).stdout
    const words = script.replace('umount', 'busybox umount 2>&-')
    t.equal(await run('unshare', '-Um', '/bin/sh', '-c', words), 'end\n')
    t.equal(await run('sh', '-c', words), 'gone\ngone\ngone\nend\n', 'with CAP_SYS_ADMIN over its own it can')
  }
})

await test('C12: a pattern in the list of masks is a name, and nothing in the root is expanded', {}, async oci => {
  const { t } = oci
  const { rootfs, run } = sceneOf(oci)
  for (const name of ['a', '*', 'a b']) mkdirSync(join(rootfs, 'list', name, 'thermal'), { recursive: true })
  for (const name of ['a', '*', 'a b']) writeFileSync(join(rootfs, 'list', name, 'thermal', 'count'), 'text')
  const { stdout } = await run({
    ...program('/bin/sh', '-c', 'for d in /list/*; do ls "$d/thermal"; echo; done'),
    linux: { maskedPaths: ['/list/*/thermal'] },
  })
  t.equal(stdout, '\ncount\n\ncount\n\n', 'the one with that very name is covered')
})
