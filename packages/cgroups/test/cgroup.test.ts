import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import t from 'tap'
import { Cgroup, type CgroupHost, detectHost, limitWrites } from '../src/index.ts'
import { directoriesAt, groupFor, playableHosts, runInside, scratch, until } from './scratch.ts'

const valueIn = (group: Cgroup, file: string): string => {
  const dir = group.dirs.find(one => existsSync(`${one.path}/${file}`))
  if (dir === undefined) throw new Error(`no ${file}`)
  return readFileSync(`${dir.path}/${file}`, 'utf8').trim()
}

for (const host of playableHosts()) {
  t.test(`${host.mode}: limits are in force as asked for, and the group goes without a trace`, async t => {
    const parent = scratch(t)
    const limits = { pids: { max: 20 }, memory: { max: '64Mi', swap: 0 }, cpu: { max: 0.5, weight: 50 } }
    const group = await Cgroup.create({ parent, name: 'a', limits, host })
    t.equal(group.path, `${parent}/a`)
    for (const { mount, file, value } of limitWrites(host, limits)) {
      t.equal(readFileSync(`${mount}${group.path}/${file}`, 'utf8').trim(), value, file)
    }
    t.same(await group.procs(), [])
    await group.delete()
    t.same(directoriesAt(parent), [], 'the parent went too')
  })

  t.test(`${host.mode}: a process joins every directory of the group, and is counted`, async t => {
    const group = await groupFor(t, { host })
    const { child, ended } = await runInside(
      group,
      'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exec sleep 60',
    )
    t.same(await group.procs(), [child.pid])
    for (const dir of group.dirs) {
      t.equal(readFileSync(`${dir.path}/cgroup.procs`, 'utf8').trim(), String(child.pid), dir.path)
    }
    await until(async () => ((await group.stats()).cpu.usageUs ?? 0) > 1000)
    const stats = await group.stats()
    t.match(stats, {
      populated: true,
      pids: { current: 1, limitHits: 0 },
      memory: { events: { oomKill: 0 } },
    })
    t.ok((stats.memory.currentBytes ?? 0) > 0)
    await group.kill()
    t.same(await ended, [null, 'SIGKILL'])
    t.equal((await group.stats()).populated, false)
  })

  t.test(`${host.mode}: limits can be raised and lowered later, in either direction`, async t => {
    const group = await groupFor(t, { host, limits: { memory: { max: '64Mi', swap: 0 } } })
    for (const max of ['128Mi', '32Mi'] as const) {
      await group.setLimits({ memory: { max, swap: '1Mi' }, pids: { max: 7 } })
      const file = host.v1.memory === undefined ? 'memory.max' : 'memory.limit_in_bytes'
      t.equal(valueIn(group, file), String(Number.parseInt(max, 10) * 2 ** 20))
      t.equal(valueIn(group, 'pids.max'), '7')
    }
    await group.setLimits({ cpu: { quota: '10ms', burst: '10ms' } })
    await group.setLimits({ cpu: { quota: '5ms', burst: '5ms' } })
    const burst = host.v1.cpu === undefined ? 'cpu.max.burst' : 'cpu.cfs_burst_us'
    t.equal(valueIn(group, burst), '5000')
  })
}

t.test('a group that exists is not made twice, and stays as it was', async t => {
  const group = await groupFor(t, { limits: { pids: { max: 5 } } })
  await t.rejects(Cgroup.create({ path: group.path, limits: { pids: { max: 9 } } }), {
    code: 'ERR_TSBOX_CGROUP',
    message: /exists already/,
    hint: /Cgroup\.open/,
  })
  t.equal(valueIn(group, 'pids.max'), '5')
})

t.test('of two that make the same group at once, one gets it', async t => {
  const path = `${scratch(t)}/same`
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => Cgroup.create({ path })))
  const made = outcomes.filter(outcome => outcome.status === 'fulfilled')
  t.equal(made.length, 1)
  t.equal(
    outcomes.filter(outcome => outcome.status === 'rejected' && outcome.reason.code === 'ERR_TSBOX_CGROUP')
      .length,
    7,
  )
  await made[0]?.value.delete()
})

t.test('a group left over in one hierarchy is reported, and nothing is made beside it', async t => {
  const parent = scratch(t)
  const host = playableHosts().at(-1)!
  const first = await Cgroup.create({ path: `${parent}/a`, host })
  const last = first.dirs.at(-1)!.path
  await first.delete()
  mkdirSync(last, { recursive: true })
  await t.rejects(Cgroup.create({ path: `${parent}/a`, host }), {
    code: 'ERR_TSBOX_CGROUP',
    message: /exists already/,
  })
  t.same(directoriesAt(parent), [last.slice(0, -2), last])
  rmdirSync(last)
  rmdirSync(last.slice(0, -2))
})

t.test('a limit the kernel refuses names itself, and leaves no group behind', async t => {
  const parent = scratch(t)
  await t.rejects(Cgroup.create({ path: `${parent}/a`, limits: { cpuset: { cpus: '4095' } } }), {
    code: 'ERR_TSBOX_CGROUP',
    step: 'cpuset.cpus',
    hint: /./,
  })
  t.same(directoriesAt(parent), [])
  await t.rejects(
    Cgroup.create({ path: `${parent}/a`, limits: { io: { max: [{ device: '4000:7', rbps: 1 }] } } }),
    {
      code: 'ERR_TSBOX_CGROUP',
      hint: /no such block device/,
    },
  )
  t.same(directoriesAt(parent), [])
})

t.test('a limit this host cannot enforce is refused before anything is made', async t => {
  const parent = scratch(t)
  const host = detectHost()
  const without: CgroupHost = { mode: 'v1', v1: { pids: '/nowhere' } }
  await t.rejects(Cgroup.create({ path: `${parent}/a`, host: without, limits: { memory: { max: 1 } } }), {
    code: 'ERR_TSBOX_CONTROLLER',
    message: /memory controller/,
  })
  if (host.v1.memory !== undefined) {
    await t.rejects(Cgroup.create({ path: `${parent}/a`, limits: { memory: { high: '1Gi' } } }), {
      code: 'ERR_TSBOX_CONTROLLER',
      step: 'memory.high',
    })
  }
  t.same(directoriesAt(parent), [])
})

t.test('a file this kernel does not have is reported as the limit that needs it', async t => {
  const parent = scratch(t)
  await t.rejects(Cgroup.create({ path: `${parent}/a`, limits: { hugetlb: { '3KB': 'max' } } }), {
    code: 'ERR_TSBOX_CONTROLLER',
    step: 'hugetlb.3KB',
  })
  t.same(directoriesAt(parent), [])
})

t.test('an existing group is opened with all its directories', async t => {
  const group = await groupFor(t)
  const opened = await Cgroup.open(group.path)
  t.same(opened.dirs.map(dir => dir.path).sort(), group.dirs.map(dir => dir.path).sort())
  const { child } = await runInside(group, 'exec sleep 60')
  t.same(await opened.procs(), [child.pid])
  await t.rejects(Cgroup.open(`${group.path}/none`), { code: 'ERR_TSBOX_CGROUP', hint: /create/ })
})

t.test('a process joins a group with a cpuset, and stays on its processors', async t => {
  const group = await groupFor(t, { limits: { cpuset: { cpus: '0' } } })
  const { child } = await runInside(group, 'exec sleep 60')
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  t.match(status, /^Cpus_allowed_list:\t0$/m)
})

t.test('a huge page limit works wherever that controller is', async t => {
  const group = await groupFor(t, { limits: { hugetlb: { '2MB': '4Mi' } } })
  const file = detectHost().v1.hugetlb === undefined ? 'hugetlb.2MB.max' : 'hugetlb.2MB.limit_in_bytes'
  t.equal(valueIn(group, file), '4194304')
})

const blockDevice = existsSync('/sys/block')
  ? readdirSync('/sys/block')
      .filter(name => !/^(?:loop|ram|zram)/.test(name))
      .map(name => readFileSync(`/sys/block/${name}/dev`, 'utf8').trim())[0]
  : undefined
const noDevice = blockDevice === undefined && 'no block device'

t.test('a device has its limits, and loses them again', { skip: noDevice }, async t => {
  const limits = { io: { max: [{ device: blockDevice!, rbps: '1Mi', wiops: 100 }] } } as const
  const group = await groupFor(t, { limits })
  const v1 = detectHost().v1.io !== undefined
  const inForce = () =>
    v1 ? `rbps=${valueIn(group, 'blkio.throttle.read_bps_device')}` : valueIn(group, 'io.max')
  t.match(inForce(), v1 ? `rbps=${blockDevice} 1048576` : /rbps=1048576 .*wiops=100/)
  await group.setLimits({ io: { max: [{ device: blockDevice!, rbps: 'max', wiops: 'max' }] } })
  t.notMatch(inForce(), /1048576/)
})

t.test('a process that has ended, or is none, cannot join', async t => {
  const group = await groupFor(t)
  const { child, ended } = await runInside(group, 'exit 0')
  await ended
  await t.rejects(group.add(child.pid!), { code: 'ERR_TSBOX_CGROUP', step: 'add', hint: /has ended/ })
  await t.rejects(group.add(0), { code: 'ERR_TSBOX_SPEC', step: 'pid' })
  await t.rejects(group.add([-1]), { code: 'ERR_TSBOX_SPEC', step: 'pid' })
})

t.test('a group in use is not deleted, and says who is inside', async t => {
  const group = await groupFor(t)
  const { child } = await runInside(group, 'exec sleep 60')
  await t.rejects(group.delete({ timeoutMs: 20 }), {
    code: 'ERR_TSBOX_CGROUP',
    step: 'delete',
    hint: new RegExp(`holds ${child.pid}`),
  })
})

t.test('delete waits for processes that are about to end', async t => {
  const group = await groupFor(t)
  const { child } = await runInside(group, 'exec sleep 60')
  const deleted = group.delete()
  child.kill('SIGKILL')
  await deleted
  t.same(directoriesAt(group.path), [])
})

t.test('delete takes along groups made inside, and is content when all is gone', async t => {
  const group = await groupFor(t)
  for (const dir of group.dirs) mkdirSync(`${dir.path}/x/y/z`, { recursive: true })
  await group.delete()
  t.same(directoriesAt(group.path), [])
  await group.delete()
  await group.kill()
})

t.test('prune: false leaves the parents made', async t => {
  const parent = scratch(t)
  const group = await Cgroup.create({ path: `${parent}/a`, prune: false })
  await group.delete()
  t.ok(directoriesAt(parent).length > 0)
  await (await Cgroup.open(parent)).delete()
})

t.test("prune: 'always' takes along parents that others made", async t => {
  const parent = scratch(t)
  const first = await Cgroup.create({ path: `${parent}/a`, prune: false })
  await first.delete()
  const second = await Cgroup.create({ path: `${parent}/b`, prune: 'always' })
  await second.delete()
  t.same(directoriesAt(parent), [])
})

t.test('a parent that was there before stays', async t => {
  const parent = scratch(t)
  const outer = await Cgroup.create({ path: parent })
  const inner = await Cgroup.create({ path: `${parent}/a` })
  await inner.delete()
  t.same(directoriesAt(parent).length, outer.dirs.length)
  await outer.delete()
})

t.test('many groups come and go at once under one parent, and nothing stays', async t => {
  const parent = scratch(t)
  for (let round = 0; round < 5; round++) {
    const names = Array.from({ length: 20 }, (_, index) => `group-${index}`)
    await Promise.all(
      names.map(async name => {
        const group = await Cgroup.create({ parent: `${parent}/shared`, name, limits: { pids: { max: 5 } } })
        if (group.dirs.some(dir => !existsSync(dir.path))) throw new Error('made without all its directories')
        await group.delete()
      }),
    )
    t.same(directoriesAt(parent), [], `round ${round}`)
  }
})
