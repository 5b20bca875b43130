import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { attackRootfs } from '../helpers/attack.ts'
import { boxesOf } from '../helpers/boxes.ts'
import { NOTHING, settled } from '../helpers/residue.ts'

// Family C: what of /proc and /sys a box can read or write.
const boxes = boxesOf('sec-c')

const inBox = (t: Test) => {
  const rootfs = attackRootfs(join(t.testdir(), 'rootfs'))
  return (options: readonly string[], ...program: string[]) =>
    boxes.run(['--rootfs', rootfs, ...options], program)
}

const hostState = () =>
  ['kernel/core_pattern', 'kernel/sysrq', 'kernel/modprobe', 'vm/overcommit_memory', 'net/ipv4/ip_forward']
    .map(name => `/proc/sys/${name}`)
    .filter(path => existsSync(path))
    .map(path => `${path} ${readFileSync(path, 'utf8')}`)

t.test('C4, C5: only kernel parameters of the box’s own namespaces can be set', async t => {
  const run = inBox(t)
  const before = hostState()
  const core = 'kernel.core_pattern'
  const bad = [
    core,
    'kernel/core_pattern',
    'kernel.modprobe',
    'vm.overcommit_memory',
    'fs.suid_dumpable',
    'kernel.hostname',
  ]
  const smuggled = [
    'kernel.sem/../core_pattern',
    'net/../kernel/core_pattern',
    'net..kernel',
    'net.ipv4./etc/x',
    '../../x',
    'net.a+b',
    'net.a\nb',
    '',
    '.',
    'net.',
  ]
  for (const key of [...bad, ...smuggled])
    t.equal((await run(['--sysctl', `${key}=1`], '/bin/probe', 'true')).status, 125, JSON.stringify(key))
  for (const value of ['1\nkernel.core_pattern=x', '1\x01', `1\x7f`])
    t.equal(
      (await run(['--sysctl', `kernel.shmmni=${value}`], '/bin/probe', 'true')).status,
      125,
      JSON.stringify(value),
    )
  t.equal(
    (await run(['--net', 'host', '--sysctl', 'net.ipv4.ip_forward=1'], '/bin/probe', 'true')).status,
    125,
    'net.* is the host’s with its network',
  )
  t.equal(
    (
      await run(
        ['--sysctl', 'net.ipv4.ip_unprivileged_port_start=7'],
        '/bin/probe',
        'sysctl',
        'net.ipv4.ip_unprivileged_port_start',
      )
    ).stdout,
    '7\n',
  )
  t.equal(
    (await run(['--sysctl', 'kernel.msgmax=4242'], '/bin/probe', 'sysctl', 'kernel.msgmax')).stdout,
    '4242\n',
  )
  t.same(hostState(), before, 'those of the host are what they were')
})

const MASKED_FILES = [
  '/proc/kcore',
  '/proc/keys',
  '/proc/timer_list',
  '/proc/interrupts',
  '/proc/sched_debug',
  '/proc/latency_stats',
  '/proc/timer_stats',
]
const MASKED_DIRS = [
  '/proc/acpi',
  '/proc/scsi',
  '/proc/asound',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
]

t.test('C6, C7, C8: what tells of the host is empty, also through /proc/self/root and a link', async t => {
  const run = inBox(t)
  symlinkSync('/proc', join(t.testdirName, 'rootfs', 'p'))
  for (const prefix of ['', '/proc/self/root', '/proc/thread-self/root']) {
    const files = MASKED_FILES.map(path => prefix + path)
    const { stdout } = await run([], '/bin/probe', 'stat', ...files)
    for (const line of stdout.trim().split('\n'))
      t.match(line, /errno=2$|type=c .*rdev=1:3 /, line.split(' ')[0] ?? '')
    for (const path of MASKED_DIRS)
      t.match((await run([], '/bin/probe', 'ls', prefix + path)).stdout, /^(ls: errno=2\n)?$/, prefix + path)
  }
  t.equal((await run([], '/bin/probe', 'cat', '/p/keys', '/p/interrupts')).stdout, '')
  const open = await run(
    ['--privileged'],
    '/bin/probe',
    'stat',
    '/proc/kcore',
    '/proc/timer_list',
    '/proc/interrupts',
  )
  t.match(open.stdout, /type=f/, 'a privileged box sees them')
})

const SINKS = [
  '/proc/sys/kernel/core_pattern',
  '/proc/sys/kernel/modprobe',
  '/proc/sys/fs/binfmt_misc/register',
  '/proc/sysrq-trigger',
  '/proc/irq/default_smp_affinity',
  '/proc/bus/pci/devices',
  '/sys/kernel/uevent_helper',
  '/sys/kernel/mm/ksm/run',
  '/sys/kernel/profiling',
  '/sys/class/net/lo/mtu',
  '/sys/fs/cgroup/cgroup.procs',
  '/sys/fs/cgroup/memory/memory.limit_in_bytes',
  '/sys/fs/cgroup/memory/release_agent',
  '/sys/fs/cgroup/memory.max',
  '/sys/fs/cgroup/pids/pids.max',
  '/sys/fs/cgroup/pids.max',
]

t.test(
  'C9, E1, E2, L9: nothing that makes the kernel of the host do something can be opened for writing',
  async t => {
    const run = inBox(t)
    for (const options of [[], ['--cap-add', 'SYS_ADMIN'], ['--cap-add', 'ALL']]) {
      for (const path of SINKS) {
        const { stdout } = await run(options, '/bin/probe', 'open', path, 'w')
        t.match(stdout, /^open: errno=(2|13|20|30|1)$/m, `${path} ${options}`)
      }
    }
    t.match(
      (await run(['--privileged'], '/bin/probe', 'open', SINKS[0] ?? '', 'w')).stdout,
      /open: ok/,
      'a privileged box can',
    )
    t.match(
      (await run([], '/bin/probe', 'ls', '/sys/kernel/security')).stdout,
      /^(ls: errno=2\n)?$/,
      'no policy files of security modules',
    )
  },
)

t.test('C9, E2: the default box cannot mount a fresh view of the kernel', async t => {
  const run = inBox(t)
  for (const type of [
    'proc',
    'sysfs',
    'cgroup',
    'cgroup2',
    'debugfs',
    'tmpfs',
    'devpts',
    'bpf',
    'tracefs',
    'securityfs',
  ]) {
    const data = type === 'cgroup' ? ['0', 'memory'] : []
    t.match(
      (await run([], '/bin/probe', 'mount', 'none', '/bin', type, ...data)).stdout,
      /mount: errno=1$/m,
      type,
    )
  }
  t.match(
    (await run(['--privileged'], '/bin/probe', 'mount', 'none', '/bin', 'tmpfs')).stdout,
    /mount: ok/,
    'a privileged one can',
  )
})

t.test('C10: masks and read-only trees cannot be taken away', async t => {
  const run = inBox(t)
  for (const path of ['/proc/kcore', '/proc/keys', '/proc/sys', '/sys/firmware', '/sys']) {
    t.match((await run([], '/bin/probe', 'umount', path)).stdout, /umount: errno=(1|2|22)$/m, path)
    // MS_REMOUNT | MS_BIND without MS_RDONLY: writable again.
    t.match(
      (await run([], '/bin/probe', 'mount', '-', path, '-', '0x1020')).stdout,
      /mount: errno=(1|2|22)$/m,
      path,
    )
  }
  t.match(
    (await run(['--cap-add', 'SYS_ADMIN'], '/bin/probe', 'umount', '/proc/sys')).stdout,
    /umount: ok/,
    'it takes CAP_SYS_ADMIN',
  )
})

t.test('C9, L11: the host’s name and clock stay what they are', async t => {
  const run = inBox(t)
  const before = hostname()
  t.match((await run([], '/bin/probe', 'sethostname', 'owned')).stdout, /errno=1$/m)
  t.match(
    (await run(['--privileged'], '/bin/probe', 'sethostname', 'owned')).stdout,
    /ok/,
    'a privileged box names itself',
  )
  t.equal(hostname(), before, 'and only itself')
  // clock_settime(CLOCK_REALTIME, NULL), which would be EFAULT for one who may.
  const nr = process.arch === 'arm64' ? '112' : '227'
  t.match((await run([], '/bin/probe', 'syscall', nr, '0', '0')).stdout, /errno=(1|14)/)
})

t.test('C4–C10: nothing is left', async t => {
  t.same(await settled(boxes.marker), NOTHING)
})
