import t from 'tap'
import { eventCounters, hostFromMountinfo, notableCounters } from '../src/index.ts'
import { HYBRID, V2, V2_CONTROLLERS } from './mountinfo-texts.ts'

const v2 = hostFromMountinfo(V2, V2_CONTROLLERS)
const hybrid = hostFromMountinfo(HYBRID, '')

t.test('the counters to look at are where each host keeps them', async t => {
  const names = (counters: readonly { mount: string; file: string; key: string }[]) =>
    counters.map(({ mount, file, key }) => `${mount}/${file} ${key}`)
  t.same(names(eventCounters(v2)), [
    '/sys/fs/cgroup/memory.events oom_kill',
    '/sys/fs/cgroup/memory.events high',
    '/sys/fs/cgroup/pids.events max',
  ])
  t.same(names(notableCounters(v2)), [
    '/sys/fs/cgroup/memory.events oom_kill',
    '/sys/fs/cgroup/pids.events max',
  ])
  t.same(names(notableCounters(hybrid)), [
    '/sys/fs/cgroup/memory/memory.oom_control oom_kill',
    '/sys/fs/cgroup/pids/pids.events max',
  ])
  t.same(names(notableCounters(hostFromMountinfo(V2, 'cpu'))), [])
})
