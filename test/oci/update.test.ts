// `update`: limits of a container that lives.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Controller, controllerHome, detectHost } from '../../packages/cgroups/src/index.ts'
import { MOUNTS } from './helpers/config.ts'
import { ociTests } from './helpers/oci-test.ts'

const test = ociTests(import.meta.filename)
const HOST = detectHost()
const MI = 2 ** 20

/** Option, value, controller, its file and text on v1 and on v2. */
const ROWS: readonly (readonly [
  readonly string[],
  Controller,
  readonly [string, string],
  readonly [string, string | RegExp],
])[] = [
  [
    ['--memory', '64Mi', '--memory-swap', '80Mi'],
    'memory',
    ['memory.limit_in_bytes', `${64 * MI}`],
    ['memory.max', `${64 * MI}`],
  ],
  [
    ['--memory-swap', '128Mi'],
    'memory',
    ['memory.memsw.limit_in_bytes', `${128 * MI}`],
    ['memory.swap.max', `${64 * MI}`],
  ],
  [
    ['--memory', `${96 * MI}`],
    'memory',
    ['memory.limit_in_bytes', `${96 * MI}`],
    ['memory.max', `${96 * MI}`],
  ],
  [
    ['--memory-reservation', '8Mi'],
    'memory',
    ['memory.soft_limit_in_bytes', `${8 * MI}`],
    ['memory.low', `${8 * MI}`],
  ],
  [['--pids-limit', '55'], 'pids', ['pids.max', '55'], ['pids.max', '55']],
  [['--pids-limit', '-1'], 'pids', ['pids.max', 'max'], ['pids.max', 'max']],
  [
    ['--cpu-quota', '30000', '--cpu-period', '60000'],
    'cpu',
    ['cpu.cfs_quota_us', '30000'],
    ['cpu.max', '30000 60000'],
  ],
  [['--cpu-quota', '20000'], 'cpu', ['cpu.cfs_period_us', '60000'], ['cpu.max', '20000 60000']],
  [['--cpu-burst', '500'], 'cpu', ['cpu.cfs_burst_us', '500'], ['cpu.max.burst', '500']],
  [['--cpu-share', '99'], 'cpu', ['cpu.shares', '99'], ['cpu.weight', /^\d+$/]],
  [['--cpu-idle', '1'], 'cpu', ['cpu.idle', '1'], ['cpu.idle', '1']],
  [['--cpuset-cpus', '0', '--cpuset-mems', '0'], 'cpuset', ['cpuset.cpus', '0'], ['cpuset.cpus', '0']],
]

await test('each option changes its limit, and leaves the others', {
  shows: [
    'linux.resources.memory.{limit,swap,reservation}',
    'linux.resources.pids.limit',
    'linux.resources.cpu.{quota,period,burst,shares,idle,cpus,mems}',
  ],
}, async ({ t, start, ok }) => {
  const { id, group } = await start({ linux: { resources: { pids: { limit: 44 } } } })
  const at = (controller: Controller, file: string) => group(controller, { v1: file, v2: file })
  for (const [options, controller, one, two] of ROWS) {
    await ok(['update', ...options, id])
    const [file, wanted] = controllerHome(HOST, controller)?.version === 1 ? one : two
    t.match(at(controller, file), wanted, options.join(' '))
  }
  t.match(at('pids', 'pids.max'), 'max')
})

await test('--resources reads a file or standard input', { shows: ['linux.resources.pids.limit'] }, async ({
  t,
  dir,
  start,
  ok,
  fails,
}) => {
  const { id, group } = await start()
  const pids = () => group('pids', { v1: 'pids.max', v2: 'pids.max' })
  const file = join(dir, 'resources.json')
  writeFileSync(file, JSON.stringify({ pids: { limit: 31 }, devices: [{ allow: true, access: 'rwm' }] }))
  await ok(['update', '--resources', file, id])
  t.equal(pids(), '31')
  await ok(['update', '-r', '-', id], { input: '{"pids":{"limit":32}}' })
  t.equal(pids(), '32')
  t.match(await fails(['update', '-r', '-', id], { input: '{"pids":{"limit":"many"}}' }), /pids\.limit/)
  t.match(await fails(['update', '-r', join(dir, 'none'), id]), /--resources/)
  t.equal(pids(), '32')
})

await test('devices stay as they are, as with other runtimes', {
  shows: ['linux.resources.devices[].allow'],
}, async ({ t, start, ok }) => {
  const devices = [{ path: '/dev/kmsg', type: 'c', major: 1, minor: 11 }]
  const { id, exec } = await start({ linux: { devices } })
  await ok(['update', '-r', '-', id], { input: '{"devices":[{"allow":true,"access":"rwm"}]}' })
  t.equal((await exec(['/bin/probe', 'open', '/dev/kmsg', 'r'])).stdout, 'open: errno=1\n')
})

await test('what cannot be is refused, and changes nothing', {
  shows: ['linux.resources.memory.{limit,checkBeforeUpdate}'],
}, async ({ t, start, fails, ok }) => {
  const shm = { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['size=64m'] }
  const args = ['/bin/sh', '-c', 'busybox head -c 20000000 /dev/zero >/dev/shm/x; echo ready; exec sleep 100']
  const resources = { pids: { limit: 44 }, memory: { limit: 64 * MI, swap: 64 * MI } }
  const { id, group, says } = await start({
    process: { args },
    mounts: [...MOUNTS, shm],
    linux: { resources },
  })
  await says(/ready/)
  const pids = () => group('pids', { v1: 'pids.max', v2: 'pids.max' })
  for (const [options, words] of [
    [['--pids-limit', 'x'], /--pids-limit/],
    [['--memory', '1Qi'], /--memory/],
    [['--cpuset-cpus', '99'], /cpuset\.cpus/],
    [['--cpu-period', '-5'], /cpu\.period/],
  ] as const)
    t.match(await fails(['update', ...options, id]), words)
  t.equal(pids(), '44')
  const memory = JSON.stringify({ memory: { limit: 4 * MI, checkBeforeUpdate: true } })
  t.match(await fails(['update', '-r', '-', id], { input: memory }), /memory\.limit/, 'less than is in use')
  t.match(await ok(['state', id]), /"status": "running"/)
})
