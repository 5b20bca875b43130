// What a box may use: each limit read back from the kernel's own files while the box runs, and felt where it can be.
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { sharesFromWeight } from '../../packages/cgroups/src/index.ts'
import { boxTests } from '../helpers/box-test.ts'
import { command, outcomeOf, tsbox } from '../helpers/command.ts'
import { groupFile, HOST, versionOf } from '../helpers/groups.ts'
import { startBox } from '../helpers/live-box.ts'
import { quoted } from '../helpers/pty.ts'

const test = boxTests(import.meta.filename)
const MI = 2 ** 20

/** Runs a box with these options, and looks at it while it runs. */
const whileRunning = async (args: readonly string[], look: () => void): Promise<void> => {
  const live = startBox(['run', ...args, '/bin/probe', 'winch'])
  try {
    await live.until(/ready/)
    look()
  } finally {
    live.child.kill('SIGTERM')
    await live.ended
  }
}

await test(`cgroups here are ${HOST.mode}: a box is born with limits, without being asked`, async ({
  t,
  inProbe,
  name,
}) => {
  await whileRunning(inProbe(), () => {
    t.equal(groupFile(name(), 'pids', { v1: 'pids.max', v2: 'pids.max' }), '1024')
    const memory = Number(groupFile(name(), 'memory', { v1: 'memory.limit_in_bytes', v2: 'memory.max' }))
    const total = Number(/MemTotal:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'latin1'))?.[1]) * 1024
    t.ok(Math.abs(memory - total / 2) < 2 * MI, `half of the machine: ${memory} of ${total}`)
    t.equal(groupFile(name(), 'pids', { v1: 'cgroup.procs', v2: 'cgroup.procs' }).split('\n').length, 1)
  })
})

await test('--pids', async ({ t, inProbe, name }) => {
  await whileRunning(['--pids', '7', ...inProbe('a')], () =>
    t.equal(groupFile(name('a'), 'pids', { v1: 'pids.max', v2: 'pids.max' }), '7'),
  )
  await whileRunning(['--pids', 'max', ...inProbe('b')], () =>
    t.equal(groupFile(name('b'), 'pids', { v1: 'pids.max', v2: 'pids.max' }), 'max'),
  )
})

await test('--memory, in every way to write a size', async ({ t, inProbe, name }) => {
  for (const [i, [written, bytes]] of (
    [
      ['64Mi', 64 * MI],
      ['65536k', 64 * MI],
      ['67108864', 64 * MI],
      ['0.5g', 512 * MI],
    ] as const
  ).entries()) {
    await whileRunning(['--memory', written, ...inProbe(`${i}`)], () =>
      t.equal(
        groupFile(name(`${i}`), 'memory', { v1: 'memory.limit_in_bytes', v2: 'memory.max' }),
        String(bytes),
        written,
      ),
    )
  }
})

await test('--memory: a program that takes more is killed, and both the message and the receipt say so', async box => {
  const { t, inProbe, dir } = box
  const receipt = join(dir, 'receipt.json')
  const args = ['run', '--memory', '24Mi', '--memory-swap', '0', '--receipt', receipt, ...inProbe('a')]
  // Without a swap controller the option is refused, and a host without swap does not need it.
  const swapless = versionOf('memory') === 1 && !existsSync(`${HOST.v1.memory}/memory.memsw.limit_in_bytes`)
  const { status, stderr } = await tsbox([
    ...args.filter(word => !swapless || !/^(--memory-swap|0)$/.test(word)),
    '/bin/probe',
    'alloc',
    String(128 * MI),
  ])
  t.equal(status, 137)
  t.equal(stderr, 'tsbox: a process was killed because the box reached its memory limit of 24 MiB\n')
  const told = JSON.parse(readFileSync(receipt, 'utf8'))
  t.equal(told.cause, 'oom')
  t.equal(told.limits.oomKills, 1)
  t.ok(told.usage.memory.peakBytes === undefined || told.usage.memory.peakBytes <= 24 * MI)
  const enough = await tsbox([
    'run',
    '--memory',
    '64Mi',
    ...inProbe('b'),
    '/bin/probe',
    'alloc',
    String(16 * MI),
  ])
  t.equal(enough.stdout, `allocated ${16 * MI}\n`)
  t.equal(enough.stderr, '')
})

await test('--memory: a child that is killed is told of, though the program goes on', async ({ t, name }) => {
  const script = 'head -c 200m /dev/zero | tail >/dev/null; echo "went on"'
  const { stdout, stderr, status } = await tsbox([
    'run',
    '--memory',
    '24Mi',
    '--name',
    name(),
    'sh',
    '-c',
    script,
  ])
  t.match(stdout, 'went on')
  t.equal(status, 0)
  t.match(stderr, 'reached its memory limit of 24 MiB')
})

await test('--memory-swap is in addition to --memory, on both versions of cgroups', async ({
  t,
  inProbe,
  name,
}) => {
  const args = ['--memory', '64Mi', '--memory-swap', '32Mi', ...inProbe()]
  const v1 = versionOf('memory') === 1
  const accounted = v1 ? existsSync(`${HOST.v1.memory}/memory.memsw.limit_in_bytes`) : true
  if (!accounted) {
    const { status, stderr } = await tsbox(['run', ...args, '/bin/probe', 'true'])
    t.equal(status, 125)
    t.match(stderr, 'ERR_TSBOX_CONTROLLER')
    t.match(stderr, 'swapaccount=1')
    return
  }
  await whileRunning(args, () => {
    const file = groupFile(name(), 'memory', { v1: 'memory.memsw.limit_in_bytes', v2: 'memory.swap.max' })
    t.equal(file, String(v1 ? 96 * MI : 32 * MI))
  })
})

await test('--cpus and --cpu-weight', async ({ t, inProbe, name }) => {
  await whileRunning(['--cpus', '1.5', '--cpu-weight', '200', ...inProbe()], () => {
    const v1 = versionOf('cpu') === 1
    t.equal(
      groupFile(name(), 'cpu', { v1: 'cpu.cfs_quota_us', v2: 'cpu.max' }),
      v1 ? '150000' : '150000 100000',
    )
    t.equal(
      groupFile(name(), 'cpu', { v1: 'cpu.shares', v2: 'cpu.weight' }),
      String(v1 ? sharesFromWeight(200) : 200),
    )
  })
})

await test('--cpus: a program that spins is held, as the receipt tells', async ({ t, inProbe, dir }) => {
  const receipt = join(dir, 'receipt.json')
  await tsbox(['run', '--cpus', '0.2', '--receipt', receipt, ...inProbe(), '/bin/probe', 'spin', '0.6'])
  const { cpu } = JSON.parse(readFileSync(receipt, 'utf8')).usage
  t.ok(cpu.throttledPeriods > 0, `${cpu.throttledPeriods} periods`)
  t.ok(cpu.throttledUs > 0)
})

await test('--cpuset-cpus', async ({ t, inProbe, name }) => {
  await whileRunning(['--cpuset-cpus', '0', ...inProbe('a')], () =>
    t.equal(groupFile(name('a'), 'cpuset', { v1: 'cpuset.cpus', v2: 'cpuset.cpus' }), '0'),
  )
  const { stdout } = await tsbox(['run', '--cpuset-cpus', '0', ...inProbe('b'), '/bin/probe', 'status'])
  t.match(stdout, /^Cpus_allowed_list:\t0$/m)
  const missing = await tsbox(['run', '--cpuset-cpus', '1000', ...inProbe('c'), '/bin/probe', 'true'])
  t.equal(missing.status, 125)
  t.match(missing.stderr, /ERR_TSBOX_(STEP|SPEC)\]\n {2}\S/, 'with what to try')
})

await test('--io-max, for the first disk there is', async ({ t, inProbe, name }) => {
  const disks = (
    await outcomeOf('sh', ['-c', 'cat /sys/block/[vsn]d*/dev /sys/block/nvme*/dev 2>/dev/null'])
  ).stdout
    .trim()
    .split('\n')
  const disk = disks[0] ?? ''
  if (disk === '' || versionOf('io') === undefined) {
    const { stderr } = await tsbox(['run', '--io-max', '8:0,rbps=1m', ...inProbe(), '/bin/probe', 'true'])
    t.match(stderr, /ERR_TSBOX_(CONTROLLER|STEP)/, 'no disk or no controller here: refused')
    return
  }
  await whileRunning(['--io-max', `${disk},rbps=1m,wiops=500`, ...inProbe()], () => {
    const rbps = groupFile(name(), 'io', { v1: 'blkio.throttle.read_bps_device', v2: 'io.max' })
    const wiops = groupFile(name(), 'io', { v1: 'blkio.throttle.write_iops_device', v2: 'io.max' })
    if (versionOf('io') === 1) t.same([rbps, wiops], [`${disk} ${MI}`, `${disk} 500`])
    else t.equal(rbps, `${disk} rbps=${MI} wbps=max riops=max wiops=500`)
  })
})

await test('--ulimit, and the limits every box has', async ({ t, inProbe }) => {
  const options = [
    '--ulimit',
    'nofile=100:200',
    '--ulimit',
    'core=0',
    '--ulimit',
    'fsize=4096',
    '--ulimit',
    'stack=unlimited',
  ]
  const { stdout } = await tsbox(['run', ...options, ...inProbe('a'), '/bin/probe', 'rlimits'])
  t.match(stdout, /^nofile 100 200$/m)
  t.match(stdout, /^fsize 4096 4096$/m)
  t.match(stdout, /^stack unlimited unlimited$/m)
  const plain = await tsbox(['run', ...inProbe('b'), '/bin/probe', 'rlimits'])
  t.match(plain.stdout, /^core 0 0$/m, 'no core dump reaches the handler of the host')
})

await test("the descriptor limit is the caller's own, not the one Node raised", async ({ t, inProbe }) => {
  const args = [command(), 'run', ...inProbe(), '/bin/probe', 'rlimits'].map(quoted).join(' ')
  const { stdout } = await outcomeOf('sh', ['-c', `ulimit -Sn 777; ${args}; true`])
  t.match(stdout, /^nofile 777 \d+$/m)
})

await test('a limit whose controller this host lacks is refused and named, never ignored', async ({
  t,
  inProbe,
}) => {
  // In a mount namespace of this test's own, the hierarchies but one are not mounted.
  const mounts = [HOST.unified?.mount, ...Object.values(HOST.v1)].filter(mount => mount !== undefined)
  const kept = HOST.v1.pids
  const hidden =
    kept === undefined
      ? 'umount -a -t cgroup2; mkdir -p /tmp/.none; mount -t cgroup2 -o ro none /sys/fs/cgroup 2>/dev/null; :'
      : [...new Set(mounts)]
          .filter(mount => mount !== kept)
          .map(mount => `umount -l ${quoted(mount)}`)
          .join('; ')
  if (kept === undefined)
    return void t.comment('every controller is on the one v2 tree: none can be hidden from a test')
  for (const [i, [option, value]] of (
    [
      ['--memory', '64Mi'],
      ['--cpus', '1'],
      ['--cpuset-cpus', '0'],
      ['--io-max', '8:0,rbps=1m'],
    ] as const
  ).entries()) {
    const line = [command(), 'run', option, value, ...inProbe(`${i}`), '/bin/probe', 'true']
      .map(quoted)
      .join(' ')
    const { status, stderr } = await outcomeOf('unshare', ['-m', 'sh', '-c', `${hidden}; exec ${line}`])
    t.equal(status, 125, option)
    t.match(
      stderr,
      /needs the (memory|cpu|cpuset|io) controller, which this host lacks \[ERR_TSBOX_CONTROLLER\]/,
    )
  }
})

await test('--cgroup-parent: the box lies there; a parent that was made for it goes with it', async ({
  t,
  inProbe,
  name,
}) => {
  const parent = `/${name('parent')}/deeper`
  const pids = HOST.v1.pids ?? HOST.unified?.mount ?? ''
  const live = startBox([
    'run',
    '--pids',
    '9',
    '--cgroup-parent',
    parent,
    ...inProbe(),
    '/bin/probe',
    'winch',
  ])
  await live.until(/ready/)
  t.equal(readFileSync(`${pids}${parent}/${name()}/pids.max`, 'utf8'), '9\n')
  live.child.kill('SIGTERM')
  await live.ended
  t.notOk(existsSync(`${pids}/${name('parent')}`))
})

await test('--cgroup-parent: of boxes that overlap, the last one takes the parent along', async box => {
  const { t, inProbe, name } = box
  const parent = `/${name('parent')}`
  const pids = HOST.v1.pids ?? HOST.unified?.mount ?? ''
  const start = (suffix: string) =>
    startBox(['run', '--cgroup-parent', parent, ...inProbe(suffix), '/bin/probe', 'winch'])
  const first = start('1')
  await first.until(/ready/)
  const second = start('2')
  await second.until(/ready/)
  first.child.kill('SIGTERM')
  await first.ended
  t.ok(existsSync(`${pids}${parent}`), 'the other one lives there')
  second.child.kill('SIGTERM')
  await second.ended
  t.notOk(existsSync(`${pids}${parent}`))
})

await test('--cgroup-parent: one that was there before stays', async ({ t, inProbe, name }) => {
  const pids = HOST.v1.pids ?? HOST.unified?.mount ?? ''
  const parent = `/${name('mine')}`
  mkdirSync(`${pids}${parent}`)
  t.teardown(() => rmdirSync(`${pids}${parent}`))
  const { status } = await tsbox(['run', '--cgroup-parent', parent, ...inProbe(), '/bin/probe', 'true'])
  t.equal(status, 0)
  t.ok(existsSync(`${pids}${parent}`))
})
