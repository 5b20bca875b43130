import { mkdirSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { Cgroup, detectHost } from '../src/index.ts'
import { directoriesAt, groupFor, playableHosts, runInside, scratch, until } from './scratch.ts'

/** Processes that start others and end, over and over; the pids limit keeps the machine out of danger. */
const RESTLESS = 'f() { while :; do (sleep 0.02; :) & sleep 0.01; done; }; f & f & f & wait'

for (const host of playableHosts()) {
  t.test(`${host.mode}: a group that forks all the time is drained`, async t => {
    const group = await groupFor(t, { host, limits: { pids: { max: 40 } } })
    const { ended } = await runInside(group, RESTLESS)
    await until(async () => (await group.procs()).length > 4)
    await group.kill()
    t.same(await group.procs({ descendants: true }), [])
    t.same(await ended, [null, 'SIGKILL'])
    await group.delete()
    t.same(directoriesAt(group.path), [])
  })

  t.test(`${host.mode}: processes in groups below are killed too, and those groups removed`, async t => {
    const group = await groupFor(t, { host })
    const { child, ended } = await runInside(group, 'exec sleep 60')
    for (const dir of group.dirs) {
      mkdirSync(`${dir.path}/below`)
      writeFileSync(`${dir.path}/below/cgroup.procs`, String(child.pid))
    }
    t.same(await group.procs(), [])
    t.same(await group.procs({ descendants: true }), [child.pid])
    await group.kill()
    t.same(await ended, [null, 'SIGKILL'])
    await group.delete()
  })
}

const host = detectHost()
const one = host.mode !== 'hybrid' && 'a group is in one kind of hierarchy here'

t.test('processes that are only in some of the directories are found and killed', { skip: one }, async t => {
  const group = await groupFor(t)
  const { child, ended } = await runInside(group, 'exec sleep 60')
  writeFileSync(`${host.unified?.mount}/cgroup.procs`, String(child.pid))
  t.same(await group.procs(), [child.pid])
  await group.kill()
  t.same(await ended, [null, 'SIGKILL'])
})

t.test('an empty group is killed at once, a deleted one too', async t => {
  const group = await groupFor(t)
  await group.kill()
  await group.delete()
  await group.kill()
})

t.test('await using ends the processes and removes the group', async t => {
  const parent = scratch(t)
  const group = await Cgroup.create({ path: `${parent}/a` })
  const { ended } = await runInside(group, 'exec sleep 60')
  await group[Symbol.asyncDispose]()
  t.same(await ended, [null, 'SIGKILL'])
  t.same(directoriesAt(parent), [])
})
