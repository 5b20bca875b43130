// Limits of a configuration, read back from the kernel while the container lives, and felt where they can be.
import { readFileSync } from 'node:fs'
import { type Controller, controllerHome, detectHost } from '../../packages/cgroups/src/index.ts'
import { type Json, MOUNTS, NAMESPACES } from './helpers/config.ts'
import { ociTests } from './helpers/oci-test.ts'

const test = ociTests(import.meta.filename)
const HOST = detectHost()
const MI = 2 ** 20
const v1 = (controller: Controller): boolean => controllerHome(HOST, controller)?.version === 1

const limited = (resources: Json): Json => ({ linux: { resources } })

/** Field, what it is set to, the controller it belongs to, and its file and text on v1 and v2. */
type Row = readonly [Json, Controller, readonly [string, string | RegExp], readonly [string, string | RegExp]]

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  'memory.{limit,reservation,swap}': [
    [
      { limit: 64 * MI, swap: 96 * MI, reservation: 32 * MI },
      'memory',
      ['memory.limit_in_bytes', `${64 * MI}`],
      ['memory.max', `${64 * MI}`],
    ],
    [
      { limit: 64 * MI, swap: 96 * MI },
      'memory',
      ['memory.memsw.limit_in_bytes', `${96 * MI}`],
      ['memory.swap.max', `${32 * MI}`],
    ],
    [
      { reservation: 32 * MI },
      'memory',
      ['memory.soft_limit_in_bytes', `${32 * MI}`],
      ['memory.low', `${32 * MI}`],
    ],
    [{ limit: -1, swap: -1 }, 'memory', ['memory.limit_in_bytes', /^9223\d+$/], ['memory.max', 'max']],
  ],
  'cpu.{shares,quota,burst,period,idle}': [
    [{ shares: 512 }, 'cpu', ['cpu.shares', '512'], ['cpu.weight', /^\d+$/]],
    [{ quota: 50_000, period: 200_000 }, 'cpu', ['cpu.cfs_quota_us', '50000'], ['cpu.max', '50000 200000']],
    [{ quota: 50_000, period: 200_000 }, 'cpu', ['cpu.cfs_period_us', '200000'], ['cpu.max', '50000 200000']],
    [
      { quota: 50_000, period: 100_000, burst: 20_000 },
      'cpu',
      ['cpu.cfs_burst_us', '20000'],
      ['cpu.max.burst', '20000'],
    ],
    [{ idle: 1 }, 'cpu', ['cpu.idle', '1'], ['cpu.idle', '1']],
  ],
  'cpu.{cpus,mems}': [
    [{ cpus: '1', mems: '0' }, 'cpuset', ['cpuset.cpus', '1'], ['cpuset.cpus', '1']],
    [{ cpus: '0', mems: '0' }, 'cpuset', ['cpuset.mems', '0'], ['cpuset.mems', '0']],
  ],
  'pids.limit': [
    [{ limit: 66 }, 'pids', ['pids.max', '66'], ['pids.max', '66']],
    [{ limit: -1 }, 'pids', ['pids.max', 'max'], ['pids.max', 'max']],
  ],
}

for (const [fields, rows] of Object.entries(ROWS)) {
  const group = fields.slice(0, fields.indexOf('.'))
  await test(`${fields}: what the kernel has is what was asked for`, {
    shows: [
      'linux.resources.memory.{limit,reservation,swap}',
      'linux.resources.cpu.{shares,quota,burst,period,idle,cpus,mems}',
      'linux.resources.pids.limit',
    ],
  }, async ({ t, create }) => {
    for (const [value, controller, one, two] of rows) {
      const container = await create(limited({ [group]: value }))
      const [file, wanted] = v1(controller) ? one : two
      t.match(
        container.group(controller, { v1: file, v2: file }),
        wanted,
        `${file}: ${JSON.stringify(value)}`,
      )
    }
  })
}

await test('a program that takes more memory than it may is killed, and one within it is not', {
  shows: ['linux.resources.memory.{limit,swap}'],
}, async ({ t, run }) => {
  const memory = { limit: 48 * MI, swap: 48 * MI }
  const alloc = (bytes: number) =>
    run({ ...limited({ memory }), process: { args: ['/bin/probe', 'alloc', `${bytes}`] } })
  t.equal((await alloc(200 * MI)).status, 137)
  t.match((await alloc(8 * MI)).stdout, /^allocated/)
})

await test('the soft limit, the share, the quota and the list of processors', {
  shows: [
    'linux.resources.memory.reservation',
    'linux.resources.cpu.{shares,quota,burst,period,cpus,mems,idle}',
  ],
}, async ({ t, run, refusal }) => {
  const cpu = { shares: 300, quota: 60_000, period: 120_000, burst: 1000, cpus: '1', mems: '0' }
  const look = { args: ['/bin/sh', '-c', 'grep -E "^(Cpus|Mems)_allowed_list" /proc/self/status'] }
  const { stdout } = await run({ ...limited({ cpu, memory: { reservation: 16 * MI } }), process: look })
  t.match(stdout, /Cpus_allowed_list:\s+1\nMems_allowed_list:\s+0\n/)
  t.match(await refusal(limited({ cpu: { cpus: '99' } })), /linux\.resources/)
  t.match(await refusal(limited({ cpu: { cpus: 'all' } })), /linux\.resources\.cpu\.cpus/)
  t.match(await refusal(limited({ cpu: { quota: 10, burst: 11 } })), /linux\.resources\.cpu\.burst/)
  t.match(await refusal(limited({ cpu: { idle: 2 } })), /linux\.resources\.cpu\.idle/)
})

await test('no more processes than are allowed', { shows: ['linux.resources.pids.limit'] }, async ({
  t,
  run,
}) => {
  const { stdout } = await run({
    ...limited({ pids: { limit: 12 } }),
    process: { args: ['/bin/probe', 'fork', '100'] },
  })
  t.match(stdout, /^forked (10|11) errno=11\n$/)
  t.equal(
    (await run({ ...limited({ pids: { limit: 0 } }), process: { args: ['/bin/true'] } })).status,
    0,
    'none beside the first',
  )
})

await test('real time is given out where the kernel can', {
  shows: ['linux.resources.cpu.{realtimeRuntime,realtimePeriod}'],
  skip: !v1('cpu') && 'cgroup v2 has no real-time limits',
}, async ({ t, create, marker }) => {
  const cpu = { realtimePeriod: 500_000, realtimeRuntime: 5000 }
  // At the top: groups between would have to have real time themselves.
  const { id, state } = await create({ linux: { cgroupsPath: `/${marker}-top`, resources: { cpu } } })
  const at = (file: string) =>
    readFileSync(`${controllerHome(HOST, 'cpu')?.mount}/${marker}-top/${file}`, 'utf8').trim()
  t.same([at('cpu.rt_period_us'), at('cpu.rt_runtime_us')], ['500000', '5000'], id)
  t.match(await state(), { status: 'created' })
})

await test('memory: swappiness, the OOM killer, accounting of sockets, and what is only of history', {
  shows: [
    'linux.resources.memory.{swappiness,disableOOMKiller,useHierarchy,kernel,kernelTCP,checkBeforeUpdate}',
  ],
}, async ({ t, create, refusal }) => {
  if (v1('memory')) {
    const memory = {
      limit: 64 * MI,
      swappiness: 30,
      disableOOMKiller: true,
      kernelTCP: 8 * MI,
      useHierarchy: true,
      checkBeforeUpdate: true,
    }
    const { group } = await create(limited({ memory }))
    const at = (file: string) => group('memory', { v1: file, v2: file })
    t.equal(at('memory.swappiness'), '30')
    t.match(at('memory.oom_control'), /^oom_kill_disable 1$/m)
    t.equal(at('memory.kmem.tcp.limit_in_bytes'), `${8 * MI}`)
    t.equal(at('memory.use_hierarchy'), '1')
  } else
    for (const field of [{ swappiness: 30 }, { disableOOMKiller: true }, { kernelTCP: MI }])
      t.match(
        await refusal(limited({ memory: field })),
        new RegExp(`linux\\.resources\\.memory\\.${Object.keys(field)[0]}`),
      )
  t.match(
    await refusal(limited({ memory: { kernel: 64 * MI } })),
    /linux\.resources\.memory\.kernel cannot be enforced/,
  )
  t.match(await refusal(limited({ memory: { swappiness: 101 } })), /linux\.resources\.memory\.swappiness/)
})

const DISK = (() => {
  const [, major = '', minor = ''] =
    /^ *(\d+) +(\d+) +\d+ [a-z]+$/m.exec(readFileSync('/proc/partitions', 'utf8')) ?? []
  return { major: Number(major), minor: Number(minor) }
})()

await test('disks: a rate for each way, in bytes and in operations', {
  shows: [
    'linux.resources.blockIO.{throttleReadBpsDevice,throttleWriteBpsDevice,throttleReadIOPSDevice,throttleWriteIOPSDevice}[].{major,minor,rate}',
  ],
}, async ({ t, create }) => {
  const device = `${DISK.major}:${DISK.minor}`
  const blockIO = {
    throttleReadBpsDevice: [{ ...DISK, rate: 1_000_000 }],
    throttleWriteBpsDevice: [{ ...DISK, rate: 2_000_000 }],
    throttleReadIOPSDevice: [{ ...DISK, rate: 300 }],
    throttleWriteIOPSDevice: [{ ...DISK, rate: 400 }],
  }
  const { group } = await create(limited({ blockIO }))
  if (!v1('io')) {
    t.match(group('io', { v1: '', v2: 'io.max' }), `${device} rbps=1000000 wbps=2000000 riops=300 wiops=400`)
    return
  }
  const at = (file: string) => group('io', { v1: `blkio.throttle.${file}`, v2: '' })
  t.equal(at('read_bps_device'), `${device} 1000000`)
  t.equal(at('write_bps_device'), `${device} 2000000`)
  t.equal(at('read_iops_device'), `${device} 300`)
  t.equal(at('write_iops_device'), `${device} 400`)
})

await test('disks: weights where a scheduler has them, else an error', {
  shows: [
    'linux.resources.blockIO.{weight,leafWeight}',
    'linux.resources.blockIO.weightDevice[].{major,minor,weight,leafWeight}',
  ],
}, async ({ t, id, bundle, tsbox, refusal, marker }) => {
  const name = id()
  const own = (blockIO: Json) => limited({ blockIO })
  const { status, stderr } = await tsbox(['create', '--bundle', bundle(name, own({ weight: 300 })).dir, name])
  const home = controllerHome(HOST, 'io')
  const file = v1('io') ? 'blkio.bfq.weight' : 'io.weight'
  if (status === 0) t.match(readFileSync(`${home?.mount}/${marker}/${name}/${file}`, 'utf8'), /300|2930/)
  else t.match(stderr, /linux\.resources\.blockIO\.weight/)
  for (const [blockIO, field] of [
    [{ leafWeight: 300 }, 'leafWeight'],
    [{ weightDevice: [{ ...DISK, leafWeight: 300 }] }, 'weightDevice[0].leafWeight'],
    [{ weight: 5 }, 'weight'],
    [{ weightDevice: [{ ...DISK }] }, 'weightDevice[0]'],
    [{ weightDevice: [{ ...DISK, weight: 1001 }] }, 'weightDevice[0].weight'],
  ] as const)
    t.match(await refusal(own(blockIO)), `linux.resources.blockIO.${field}`)
  const of = id()
  const device = await tsbox([
    'create',
    '--bundle',
    bundle(of, own({ weightDevice: [{ ...DISK, weight: 200 }] })).dir,
    of,
  ])
  // The kernel takes a weight for a disk that BFQ schedules, and no other.
  if (device.status !== 0) t.match(device.stderr, /linux\.resources\.?/)
})

await test('huge pages', {
  shows: ['linux.resources.hugepageLimits[].{pageSize,limit}'],
  skip: controllerHome(HOST, 'hugetlb') === undefined && 'no hugetlb controller',
}, async ({ t, create, refusal }) => {
  const { group } = await create(limited({ hugepageLimits: [{ pageSize: '2MB', limit: 4 * MI }] }))
  t.equal(group('hugetlb', { v1: 'hugetlb.2MB.limit_in_bytes', v2: 'hugetlb.2MB.max' }), `${4 * MI}`)
  t.match(
    await refusal(limited({ hugepageLimits: [{ pageSize: '3MB', limit: 4 * MI }] })),
    /linux\.resources\.hugepageLimits: /,
  )
  t.match(
    await refusal(limited({ hugepageLimits: [{ pageSize: 'big', limit: 1 }] })),
    /linux\.resources\.hugepageLimits\[0\]\.pageSize/,
  )
})

await test('a class and priorities of network packets, where their controllers are mounted', {
  shows: ['linux.resources.network.{classID}', 'linux.resources.network.priorities[].{name,priority}'],
}, async oci => {
  const { t, id, bundle, tsbox, dir, refusal } = oci
  const network = { classID: 0x10_0001, priorities: [{ name: 'lo', priority: 7 }] }
  if (!v1('net_cls')) t.match(await refusal(limited({ network })), /linux\.resources\.network\.classID/)
  // A hierarchy lives on without its mount while a group in it is not quite gone: then it is mounted once more.
  const own = `
    cd ${dir}; mkdir cg; mount -t tmpfs cg cg; mkdir cg/net_cls
    enter() { mount -t cgroup -o net_cls,net_prio none ${dir}/cg/net_cls; }
    enter; code=0; "$@" || code=$?; umount cg/net_cls
    for i in $(seq 100); do grep -q net_cls /proc/self/cgroup || break; sleep 0.1; enter; umount cg/net_cls; done
    exit $code`
  const before = ['unshare', '-m', '--propagation', 'private', 'sh', '-euc', own, 'sh']
  const name = id()
  const linux = { resources: { network }, namespaces: NAMESPACES.filter(({ type }) => type !== 'network') }
  const mounts = [...MOUNTS, { destination: '/cg', type: 'cgroup', source: 'cgroup' }]
  const script = 'cat /cg/net_cls/net_cls.classid; grep "^lo " /cg/net_cls/net_prio.ifpriomap'
  const made = bundle(name, { process: { args: ['/bin/sh', '-c', script] }, mounts, linux })
  const { stdout, stderr } = await tsbox(['run', '--bundle', made.dir, name], { before })
  if (/unknown filesystem|wrong fs type|special device/.test(stderr)) t.comment('this kernel has no net_cls')
  else t.equal(stdout, `${0x10_0001}\nlo 7\n`, stderr)
})

await test('what this host cannot limit is refused by name', {
  shows: ['linux.resources.rdma.*.{hcaHandles,hcaObjects}', 'linux.resources.unified.*'],
}, async ({ t, refusal, create }) => {
  if (controllerHome(HOST, 'rdma') === undefined)
    t.match(
      await refusal(limited({ rdma: { mlx5_0: { hcaHandles: 3, hcaObjects: 10_000 } } })),
      /linux\.resources\.rdma\["?mlx5_0"?\] needs the rdma controller/,
    )
  t.match(await refusal(limited({ rdma: { mlx5_0: {} } })), /linux\.resources\.rdma\.mlx5_0: /)
  if (HOST.mode === 'v2') {
    const { group } = await create(limited({ unified: { 'memory.high': `${32 * MI}` } }))
    t.equal(group('memory', { v1: '', v2: 'memory.high' }), `${32 * MI}`)
  } else
    t.match(
      await refusal(limited({ unified: { 'memory.high': `${32 * MI}` } })),
      /linux\.resources\.unified\["memory\.high"\] needs the memory \(v2\) controller/,
    )
  for (const file of ['../memory.max', 'cgroup/procs', 'memory', ''])
    t.match(await refusal(limited({ unified: { [file]: '1' } })), /linux\.resources\.unified/)
})

await test('what tsbox does not manage is refused by name', {
  shows: ['linux.{intelRdt,memoryPolicy}'],
}, async ({ t, refusal }) => {
  t.match(await refusal({ linux: { intelRdt: { closID: 'x' } } }), /linux\.intelRdt: /)
  t.match(
    await refusal({ linux: { memoryPolicy: { mode: 'MPOL_BIND', nodes: '0' } } }),
    /linux\.memoryPolicy: .*resources\.cpu\.mems/s,
  )
})
