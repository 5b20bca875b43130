import { readFileSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import {
  applyResources,
  type CgroupHost,
  type Controller,
  controllerHome,
  type GroupDir,
  type OciResources,
  resourceWrites,
} from '../../src/index.ts'
import { groupFor, playableHosts, runInside } from '../scratch.ts'

const MIB = 2 ** 20

interface Live {
  readonly host: CgroupHost
  readonly dirs: readonly GroupDir[]
  readonly update: (resources: OciResources) => void
  /** A file of a controller, by its name on v1 and on v2. */
  readonly text: (controller: Controller, v1: string, v2: string) => string
}

const liveGroup = async (t: Test, host: CgroupHost, controllers: readonly Controller[]): Promise<Live> => {
  const group = await groupFor(t, { host, controllers })
  const { dirs } = group
  return {
    host,
    dirs,
    update: resources => applyResources({ host, dirs, resources }),
    text: (controller, v1, v2) => {
      const home = controllerHome(host, controller)!
      const dir = dirs.find(({ mount }) => mount === home.mount)!
      return readFileSync(`${dir.path}/${home.version === 1 ? v1 : v2}`, 'utf8').trim()
    },
  }
}

const swapCounted = (live: Live): boolean => {
  try {
    live.text('memory', 'memory.memsw.limit_in_bytes', 'memory.swap.max')
    return true
  } catch {
    return false
  }
}

for (const host of playableHosts()) {
  const version = controllerHome(host, 'memory')?.version

  t.test(`${host.mode}: memory and swap go up and down together, in one update each`, async t => {
    const live = await liveGroup(t, host, ['memory'])
    if (!swapCounted(live)) return t.pass('swap is not counted here')
    const both = () => [
      live.text('memory', 'memory.limit_in_bytes', 'memory.max'),
      live.text('memory', 'memory.memsw.limit_in_bytes', 'memory.swap.max'),
    ]
    for (const [limit, swap] of [
      [64, 80],
      [128, 256],
      [32, 48],
      [200, 200],
      [16, 1024],
    ] as const) {
      live.update({ memory: { limit: limit * MIB, swap: swap * MIB } })
      t.same(both(), [String(limit * MIB), String((version === 1 ? swap : swap - limit) * MIB)])
    }
    live.update({ memory: { limit: -1 } })
    t.notOk(both().some(text => text === String(16 * MIB)))
    if (version === 2) t.same(both(), ['max', 'max'])
    return undefined
  })

  t.test(`${host.mode}: a memory limit alone keeps the sum, and cannot pass it`, async t => {
    const live = await liveGroup(t, host, ['memory'])
    if (!swapCounted(live)) return t.pass('swap is not counted here')
    live.update({ memory: { limit: 64 * MIB, swap: 100 * MIB } })
    live.update({ memory: { limit: 90 * MIB } })
    t.equal(
      live.text('memory', 'memory.memsw.limit_in_bytes', 'memory.swap.max'),
      String((version === 1 ? 100 : 10) * MIB),
    )
    t.throws(() => live.update({ memory: { limit: 101 * MIB } }), {
      code: version === 1 ? 'ERR_TSBOX_CGROUP' : 'ERR_TSBOX_SPEC',
      step: 'linux.resources.memory.limit',
      hint: /swap/,
    })
    return undefined
  })

  t.test(`${host.mode}: quota, period and burst change under a parent that has just as much`, async t => {
    const parent = await groupFor(t, { host, controllers: ['cpu'] })
    const group = await groupFor(t, { host, path: `${parent.path}/inner`, controllers: ['cpu'] })
    const live = { host, dirs: group.dirs }
    applyResources({ host, dirs: parent.dirs, resources: { cpu: { quota: 50_000, period: 100_000 } } })
    for (const cpu of [
      { quota: 50_000, period: 100_000, burst: 1000 },
      { quota: 5000, period: 10_000, burst: 2000 },
      { quota: 100_000, period: 200_000, burst: 90_000 },
      { quota: 2000, period: 20_000, burst: 0 },
      { quota: 10_000, period: 20_000 },
      { quota: -1 },
    ]) {
      t.doesNotThrow(() => applyResources({ ...live, resources: { cpu } }), JSON.stringify(cpu))
    }
    t.equal(group.dirs.length > 0, true)
  })

  t.test(`${host.mode}: a full update of a busy group is in force after it`, async t => {
    const live = await liveGroup(t, host, ['cpu', 'cpuset', 'memory', 'pids'])
    live.update({
      cpu: { shares: 512, quota: 30_000, period: 60_000, cpus: '0', mems: '0' },
      memory: { limit: 64 * MIB },
      pids: { limit: 33 },
    })
    t.equal(live.text('pids', 'pids.max', 'pids.max'), '33')
    t.equal(live.text('cpuset', 'cpuset.cpus', 'cpuset.cpus'), '0')
    t.equal(
      live.text('cpu', 'cpu.shares', 'cpu.weight'),
      controllerHome(host, 'cpu')!.version === 1 ? '512' : '59',
    )
    t.match(live.text('cpu', 'cpu.cfs_quota_us', 'cpu.max'), /^30000/)
    live.update({ pids: { limit: -1 }, cpu: { quota: -1 } })
    t.equal(live.text('pids', 'pids.max', 'pids.max'), 'max')
    t.match(live.text('cpu', 'cpu.cfs_quota_us', 'cpu.max'), /^(?:-1$|max )/)
    t.equal(live.text('memory', 'memory.limit_in_bytes', 'memory.max'), String(64 * MIB), 'not named, kept')
  })

  t.test(`${host.mode}: an idle group can be given weight again`, async t => {
    const live = await liveGroup(t, host, ['cpu'])
    live.update({ cpu: { idle: 1 } })
    t.equal(live.text('cpu', 'cpu.idle', 'cpu.idle'), '1')
    t.throws(() => live.update({ cpu: { shares: 2048 } }), {
      code: 'ERR_TSBOX_CGROUP',
      step: 'linux.resources.cpu.shares',
    })
    live.update({ cpu: { idle: 0, shares: 2048 } })
    t.equal(live.text('cpu', 'cpu.idle', 'cpu.idle'), '0')
  })

  t.test(`${host.mode}: what the kernel refuses names the field`, async t => {
    const live = await liveGroup(t, host, ['cpu', 'cpuset', 'io'])
    for (const [step, resources] of [
      ['cpu.quota', { cpu: { quota: 1 } }],
      ['cpu.cpus', { cpu: { cpus: '0-9999' } }],
      [
        'blockIO.throttleReadBpsDevice[0]',
        { blockIO: { throttleReadBpsDevice: [{ major: 4000, minor: 1, rate: 1 }] } },
      ],
    ] as const) {
      t.throws(() => live.update(resources), { code: 'ERR_TSBOX_CGROUP', step: `linux.resources.${step}` })
    }
  })

  t.test(`${host.mode}: a page size this machine does not have is a missing file`, async t => {
    const home = controllerHome(host, 'hugetlb')
    const resources = { hugepageLimits: [{ pageSize: '3MB', limit: 0 }] }
    const step = 'linux.resources.hugepageLimits[0].limit'
    if (home === undefined) {
      t.throws(() => resourceWrites(host, resources), { code: 'ERR_TSBOX_CONTROLLER', step })
      return
    }
    const live = await liveGroup(t, host, ['hugetlb'])
    t.throws(() => live.update(resources), { code: 'ERR_TSBOX_CONTROLLER', step, message: /hugetlb\.3MB/ })
    live.update({ hugepageLimits: [{ pageSize: '2MB', limit: 4 * MIB }] })
    t.equal(live.text('hugetlb', 'hugetlb.2MB.limit_in_bytes', 'hugetlb.2MB.max'), String(4 * MIB))
    t.equal(live.text('hugetlb', 'hugetlb.2MB.rsvd.limit_in_bytes', 'hugetlb.2MB.rsvd.max'), String(4 * MIB))
  })

  t.test(`${host.mode}: the writes for a new group are taken by one`, async t => {
    const controllers = (['cpu', 'cpuset', 'memory', 'pids', 'hugetlb'] as const).filter(
      name => controllerHome(host, name) !== undefined,
    )
    const { dirs } = await groupFor(t, { host, controllers })
    const resources: OciResources = {
      memory: { limit: 64 * MIB, reservation: 32 * MIB },
      cpu: { shares: 512, quota: 50_000, period: 100_000, burst: 10_000, cpus: '0', mems: '0' },
      pids: { limit: 0 },
      ...(controllers.includes('hugetlb') ? { hugepageLimits: [{ pageSize: '2MB', limit: 0 }] } : {}),
    }
    for (const { mount, file, value } of resourceWrites(host, resources)) {
      writeFileSync(`${dirs.find(dir => dir.mount === mount)!.path}/${file}`, value, { flag: 'r+' })
    }
    t.pass('the kernel took all')
  })
}

for (const host of playableHosts()) {
  t.test(`${host.mode}: a process limit of 0 holds a program that forks, and lets it in`, async t => {
    const group = await groupFor(t, { host, controllers: ['pids'] })
    applyResources({ host, dirs: group.dirs, resources: { pids: { limit: 0 } } })
    const { ended } = await runInside(group, '(true) && exit 3; exit 4')
    t.not((await ended)[0], 3, 'it could not fork')
  })
}
