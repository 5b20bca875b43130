// A Docker Swarm of two nodes, each a machine of its own, joined by a cable: services on tsbox.
import { existsSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { Outcome } from '../helpers/command.ts'
import { NEEDED_FOR_DOCKER } from './helpers/docker-tests.ts'
import { type Dockerd, withDockerd } from './helpers/dockerd.ts'
import { IMAGE } from './helpers/images.ts'
import { ADDRESSES, linkMachines } from './helpers/link.ts'
import { whyNotRunnable } from './helpers/packages.ts'
import { eventuallyAsync } from './helpers/patience.ts'

/** The routing mesh and virtual addresses need IPVS; without it each node publishes for itself. */
const HAS_IPVS = existsSync('/proc/net/ip_vs')

const SERVER = [IMAGE, 'httpd', '-f', '-p', '80', '-h', '/www'] as const

const swarm = async (manager: Dockerd, worker: Dockerd): Promise<void> => {
  const [here, there] = [manager.machine.name, worker.machine.name]
  const succeeds = async (t: Test, promise: Promise<Outcome>, what: string): Promise<string> => {
    const outcome = await promise
    t.equal(outcome.status, 0, `${what} ${outcome.stderr}`)
    return outcome.stdout.trim()
  }
  const create = (...options: string[]) =>
    manager.docker(['service', 'create', '--detach', '--no-resolve-image', ...options])
  /** The nodes on which a service's tasks run. */
  const placesOf = async (service: string): Promise<readonly string[]> => {
    const running = ['-f', 'desired-state=running', '--format', '{{.Node}} {{.CurrentState}}']
    const { stdout } = await manager.docker(['service', 'ps', ...running, service])
    const lines = stdout.split('\n').filter(line => / Running /.test(line))
    return lines.map(line => line.split(' ')[0] ?? '').sort()
  }
  const runs = (service: string, count: number) =>
    eventuallyAsync(async () => (await placesOf(service)).length === count, 60_000)
  const page = async ({ machine }: Dockerd, url: string) =>
    (await machine.sh(`timeout 5 busybox wget -q -O - ${url}`)).stdout

  await t.test('two daemons become a swarm', async t => {
    await linkMachines(manager.machine, worker.machine)
    // The heartbeat bounds how long the loss of a node goes unnoticed.
    const init = ['swarm', 'init', '--advertise-addr', ADDRESSES[0], '--dispatcher-heartbeat', '1s']
    await succeeds(t, manager.docker(init), 'init')
    const token = await succeeds(t, manager.docker(['swarm', 'join-token', '-q', 'worker']), 'token')
    const join = ['swarm', 'join', '--advertise-addr', ADDRESSES[1], '--token', token]
    await succeeds(t, worker.docker([...join, `${ADDRESSES[0]}:2377`]), 'join')
    const list = ['node', 'ls', '--format', '{{.Status}}']
    t.ok(await eventuallyAsync(async () => (await manager.docker(list)).stdout === 'Ready\nReady\n'))
  })

  await t.test('a replicated service runs on tsbox, on both nodes', async t => {
    await succeeds(t, create('--name', 'crowd', '--replicas', '4', IMAGE), 'create')
    t.ok(await runs('crowd', 4))
    t.same(new Set(await placesOf('crowd')), new Set([here, there]))
    for (const node of [manager, worker]) {
      const [first = ''] = (await node.docker(['ps', '-q', '-f', 'name=crowd'])).stdout.split('\n')
      t.equal(await node.inspect(first, '{{.HostConfig.Runtime}} {{.State.Status}}'), 'tsbox running')
    }
  })

  await t.test('it scales up and down', async t => {
    await succeeds(t, manager.docker(['service', 'scale', '-d', 'crowd=6']), 'up')
    t.ok(await runs('crowd', 6))
    await succeeds(t, manager.docker(['service', 'scale', '-d', 'crowd=2']), 'down')
    t.ok(await runs('crowd', 2))
    const containers = async ({ docker }: Dockerd) =>
      (await docker(['ps', '-q', '-f', 'name=crowd'])).stdout.split('\n').filter(Boolean).length
    const two = async () => (await containers(manager)) + (await containers(worker)) === 2
    t.ok(await eventuallyAsync(two), 'the others have ended')
  })

  await t.test('a container that is killed is replaced', async t => {
    const list = ['ps', '-q', '--no-trunc', '-f', 'name=crowd']
    const [victim = ''] = (await manager.docker(list)).stdout.split('\n')
    await succeeds(t, manager.docker(['kill', victim]), 'kill')
    const replaced = async () => {
      const now = (await manager.docker(list)).stdout.trim()
      return now !== '' && !now.includes(victim)
    }
    t.ok(await eventuallyAsync(replaced, 60_000))
    t.ok(await runs('crowd', 2))
  })

  await t.test('services find each other by name across the nodes, over an encapsulated network', async t => {
    await succeeds(
      t,
      manager.docker(['network', 'create', '-d', 'overlay', '--attachable', 'mesh']),
      'network',
    )
    const byName = ['--network', 'mesh', '--endpoint-mode', 'dnsrr', '--name', 'web', '--mode', 'global']
    await succeeds(t, create(...byName, ...SERVER), 'create')
    t.ok(await runs('web', 2))
    const script =
      'nslookup web | grep "^Address: "; for a in $(nslookup web | sed -n "s/^Address: //p"); do timeout 5 wget -q -O - http://$a/; done'
    for (const node of [manager, worker]) {
      const { stdout } = await node.docker(['run', '--rm', '--network', 'mesh', IMAGE, 'sh', '-c', script])
      t.equal(stdout.match(/^Address: 10\./gm)?.length, 2, stdout)
      t.equal(stdout.match(/^a page$/gm)?.length, 2, 'both answer')
    }
  })

  await t.test('a port that each node publishes for itself is reached at each', async t => {
    const published = [
      '--publish',
      'mode=host,target=80,published=8080',
      '--mode',
      'global',
      '--name',
      'doors',
    ]
    await succeeds(t, create(...published, ...SERVER), 'create')
    t.ok(await runs('doors', 2))
    for (const from of [manager, worker])
      for (const address of ADDRESSES) {
        const answers = async () => (await page(from, `http://${address}:8080/`)) === 'a page\n'
        t.ok(await eventuallyAsync(answers), `${address} from ${from.machine.name}`)
      }
  })

  await t.test('a port published by the routing mesh is reached at every node', async t => {
    if (!HAS_IPVS)
      return void t.plan(0, 'this kernel has no IPVS (CONFIG_IP_VS), which the routing mesh is made of')
    await succeeds(t, create('--publish', '8081:80', '--name', 'mesh', ...SERVER), 'create')
    t.ok(await runs('mesh', 1))
    for (const address of ADDRESSES)
      t.equal(await page(manager, `http://${address}:8081/`), 'a page\n', address)
  })

  await t.test('secrets, configs and limits of a service are in its containers', async t => {
    await succeeds(t, manager.docker(['secret', 'create', 'word', '-'], { input: 'a secret' }), 'secret')
    await succeeds(t, manager.docker(['config', 'create', 'settings', '-'], { input: 'a config' }), 'config')
    const given = [
      '--secret',
      'word',
      '--config',
      'source=settings,target=/etc/settings',
      '--limit-memory',
      '48m',
    ]
    const place = ['--constraint', 'node.role==manager', '--name', 'given', '--limit-pids', '50', '--init']
    await succeeds(t, create(...given, ...place, IMAGE), 'create')
    t.ok(await runs('given', 1))
    const id = (await manager.docker(['ps', '-q', '-f', 'name=given'])).stdout.trim()
    const script = 'cat /run/secrets/word /etc/settings; stat -f -c %T /run/secrets/word'
    t.match((await manager.docker(['exec', id, 'sh', '-c', script])).stdout, /^a secreta configtmpfs$/m)
    t.equal(
      await manager.inspect(id, '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}'),
      `${48 * 2 ** 20} 50`,
    )
  })

  await t.test('a rolling update replaces every task', async t => {
    const update = [
      'service',
      'update',
      '-d',
      '--no-resolve-image',
      '--update-delay',
      '0s',
      '--env-add',
      'ROUND=2',
    ]
    await succeeds(t, manager.docker([...update, 'crowd']), 'update')
    const done = async () =>
      (await manager.inspect('crowd', '{{.UpdateStatus.State}}')) === 'completed' &&
      (await placesOf('crowd')).length === 2
    t.ok(await eventuallyAsync(done, 60_000))
    for (const node of [manager, worker])
      for (const id of (await node.docker(['ps', '-q', '-f', 'name=crowd'])).stdout
        .split('\n')
        .filter(Boolean))
        t.equal((await node.docker(['exec', id, 'sh', '-c', 'echo $ROUND'])).stdout, '2\n', node.machine.name)
  })

  await t.test('when the worker is lost, all its tasks are started again on the manager', async t => {
    await succeeds(t, manager.docker(['service', 'scale', '-d', 'crowd=4']), 'scale')
    t.ok(await runs('crowd', 4))
    t.ok((await placesOf('crowd')).includes(there), 'the worker has some')
    // SIGKILL for every process of that machine at once, its daemon and its containers.
    t.same(await worker.machine.stop(), [])
    const moved = async () => {
      const places = await placesOf('crowd')
      return places.length === 4 && places.every(place => place === here)
    }
    t.ok(await eventuallyAsync(moved, 90_000))
    const containers = await manager.docker(['ps', '-q', '-f', 'name=crowd'])
    t.equal(containers.stdout.trim().split('\n').length, 4)
    t.match((await manager.docker(['node', 'ls'])).stdout, new RegExp(`${there} .*Down`))
  })
}

t.setTimeout(300_000)
const why = whyNotRunnable(NEEDED_FOR_DOCKER)
if (why !== undefined) t.plan(0, why)
else await withDockerd({}, manager => withDockerd({}, worker => swarm(manager, worker)))
