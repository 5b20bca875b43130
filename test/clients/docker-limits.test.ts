// What a container may use: limits at the start, limits changed while it runs, and what the engine reads back.
import { readFileSync } from 'node:fs'
import { type Controller, detectHost } from '../../packages/cgroups/src/index.ts'
import { HIERARCHIES } from './helpers/cgroup-trees.ts'
import { dockerTests } from './helpers/docker-tests.ts'
import type { Dockerd } from './helpers/dockerd.ts'
import { IMAGE } from './helpers/images.ts'
import { eventuallyAsync } from './helpers/patience.ts'

const HOST = detectHost()

/** A file of the container's group, seen from this host; named as on v1 and as on v2. */
const limitOf = async (
  { machine, inspect }: Dockerd,
  { name, controller, v1, v2 }: { name: string; controller: Controller; v1: string; v2: string },
): Promise<string> => {
  const pid = await inspect(name, '{{.State.Pid}}')
  const groups = (await machine.run(['cat', `/proc/${pid}/cgroup`])).stdout.split('\n')
  const mount = HOST.v1[controller]
  const hierarchy = HIERARCHIES.find(tree =>
    mount === undefined ? tree.type === 'cgroup2' : tree.mount === mount,
  )
  const own = groups
    .map(line => line.split(':'))
    .find(([, names = '']) =>
      mount === undefined ? names === '' : names.split(',').includes(controller),
    )?.[2]
  const dir = `${hierarchy?.mount}/${machine.name}${own}`
  return readFileSync(`${dir}/${mount === undefined ? v2 : v1}`, 'utf8').trim()
}

const MEMORY = { controller: 'memory', v1: 'memory.limit_in_bytes', v2: 'memory.max' } as const
const PIDS = { controller: 'pids', v1: 'pids.max', v2: 'pids.max' } as const
const QUOTA = { controller: 'cpu', v1: 'cpu.cfs_quota_us', v2: 'cpu.max' } as const
const SHARES = { controller: 'cpu', v1: 'cpu.shares', v2: 'cpu.weight' } as const
const CPUS = { controller: 'cpuset', v1: 'cpuset.cpus', v2: 'cpuset.cpus' } as const

/** Starts fifty programs that wait, and says how many could be started. */
const STORM = ['sh', '-c', 'n=0; for i in $(seq 50); do sleep 5 & n=$((n+1)); echo $n; done']

await dockerTests({}, async ({ test }) => {
  await test('--memory: a program that takes more is killed, and the engine knows why', async ({
    t,
    ...d
  }) => {
    const hungry = ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=200M', 'count=1']
    // Of two events at once the engine may read the end first, whichever runtime it is: then it never knows.
    let known = false
    for (let i = 0; i < 4 && !known; i++) {
      await d.detach(`hungry-${i}`, ['--memory', '32m', '--memory-swap', '32m'], hungry)
      t.equal((await d.docker(['wait', `hungry-${i}`])).stdout, '137\n')
      known = (await d.inspect(`hungry-${i}`, '{{.State.OOMKilled}}')) === 'true'
    }
    t.ok(known, 'OOMKilled')
    await d.detach('modest', ['--memory', '300m'], hungry)
    t.equal((await d.docker(['wait', 'modest'])).stdout, '0\n')
    t.equal(await d.inspect('modest', '{{.State.OOMKilled}}'), 'false')
  })

  await test('the engine hears when only a child is killed for its memory', async ({ t, ...d }) => {
    await d.detach('parent', ['--memory', '32m', '--memory-swap', '32m'])
    const hungry = ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=200M', 'count=1']
    t.equal((await d.docker(['exec', 'parent', ...hungry])).status, 137)
    const past = ['events', '--since', '5m', '--until', '0s', '--filter', 'event=oom']
    const told = async () => /oom .*parent/.test((await d.docker([...past])).stdout)
    t.ok(await eventuallyAsync(told))
    t.equal(await d.inspect('parent', '{{.State.Running}}'), 'true')
  })

  await test('--pids-limit holds a storm of forks', async ({ t, run }) => {
    const held = await run(['--pids-limit', '20'], STORM)
    t.match(held.stderr, /can't fork/)
    const started = held.stdout.trim().split('\n').length
    t.ok(started < 20 && started > 10, `${started} were started`)
    t.match(await run(['--pids-limit', '200'], STORM), { status: 0, stdout: /^50$/m })
  })

  await test('--cpus, --cpu-shares, --cpuset-cpus and --memory-reservation are in the kernel', async ({
    t,
    ...d
  }) => {
    const options = ['--cpus', '0.5', '--cpu-shares', '512', '--cpuset-cpus', '0', '--memory', '64m']
    await d.detach('box', [...options, '--memory-reservation', '32m'])
    t.match(await limitOf(d, { name: 'box', ...QUOTA }), /^50000\b/)
    t.match(await limitOf(d, { name: 'box', ...SHARES }), /^(512|20)$/)
    t.equal(await limitOf(d, { name: 'box', ...CPUS }), '0')
    t.equal(await limitOf(d, { name: 'box', ...MEMORY }), `${64 * 2 ** 20}`)
    const soft = { controller: 'memory', v1: 'memory.soft_limit_in_bytes', v2: 'memory.low' } as const
    t.equal(await limitOf(d, { name: 'box', ...soft }), `${32 * 2 ** 20}`)
    const { stdout } = await d.docker(['exec', 'box', 'grep', '^Cpus_allowed_list', '/proc/self/status'])
    t.match(stdout, /\t0$/m, 'exec is under them too')
  })

  await test('update changes what a running container may use', async ({ t, ...d }) => {
    await d.detach('box', ['--memory', '64m', '--memory-swap', '128m', '--pids-limit', '100'])
    t.equal(await limitOf(d, { name: 'box', ...MEMORY }), `${64 * 2 ** 20}`)
    const more = ['--memory', '96m', '--memory-swap', '192m', '--cpus', '0.25', '--pids-limit', '33']
    t.match(await d.docker(['update', ...more, '--cpu-shares', '256', '--cpuset-cpus', '1', 'box']), {
      status: 0,
    })
    t.equal(await limitOf(d, { name: 'box', ...MEMORY }), `${96 * 2 ** 20}`)
    t.match(await limitOf(d, { name: 'box', ...QUOTA }), /^25000\b/)
    t.match(await limitOf(d, { name: 'box', ...SHARES }), /^(256|10)$/)
    t.equal(await limitOf(d, { name: 'box', ...PIDS }), '33')
    t.equal(await limitOf(d, { name: 'box', ...CPUS }), '1')
    t.match(await d.docker(['exec', 'box', ...STORM]), { stderr: /can't fork/ }, 'the new limit holds')
    const runsOn = async () => (await d.docker(['exec', 'box', 'true'])).status === 0
    t.ok(await eventuallyAsync(runsOn), 'when the storm is over it runs on')
  })

  await test('stats --no-stream reads memory, processes and processor time', async ({ t, ...d }) => {
    await d.detach('box', ['--memory', '64m'], ['sh', '-c', 'sleep 100 & sleep 100 & while :; do :; done'])
    const format = '{{.PIDs}} {{.MemUsage}} {{.CPUPerc}}'
    const { stdout } = await d.docker(['stats', '--no-stream', '--format', format, 'box'])
    t.match(stdout, /^3 [\d.]+[KM]iB \/ 64MiB [\d.]+%\n$/)
    t.notMatch(stdout, / 0\.00%/)
  })

  await test('--cgroup-parent is where the group is made; --cgroupns private hides the way there', async ({
    t,
    ...d
  }) => {
    await d.detach('box', ['--cgroup-parent', '/parent/of/it', '--cgroupns', 'private'])
    const pid = await d.inspect('box', '{{.State.Pid}}')
    const outside = (await d.machine.run(['cat', `/proc/${pid}/cgroup`])).stdout
    t.match(outside, new RegExp(`:/parent/of/it/${await d.inspect('box', '{{.Id}}')}$`, 'm'))
    const inside = (await d.docker(['exec', 'box', 'cat', '/proc/1/cgroup'])).stdout.trim().split('\n')
    for (const line of inside) t.match(line, /:\/$/)
    const shown = await d.docker(['run', '--rm', '--cgroupns', 'host', IMAGE, 'cat', '/proc/1/cgroup'])
    t.match(shown.stdout, /:\/docker\/[0-9a-f]{64}$/m)
  })
})
