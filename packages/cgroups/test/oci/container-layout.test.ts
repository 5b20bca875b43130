import { readFileSync } from 'node:fs'
import t from 'tap'
import {
  Cgroup,
  containerControllers,
  containerLayout,
  detectHost,
  groupHasFile,
  openContainer,
} from '../../src/index.ts'
import { directoriesAt, groupFor, mountsOf, scratch } from '../scratch.ts'
import { bare, hybrid, v1, v2 } from './hosts.ts'

const here = (dirs: ReturnType<typeof containerLayout>) =>
  dirs.map(({ path, controllers }) => `${path.slice('/sys/fs/cgroup'.length)} ${controllers.join(' ')}`)

t.test('on v1 a container has a directory in every hierarchy', async t => {
  t.same(here(containerLayout(v1, '/docker/abc')), [
    '/cpu,cpuacct/docker/abc cpu cpuacct',
    '/cpuset/docker/abc cpuset',
    '/freezer/docker/abc freezer',
    '/hugetlb/docker/abc hugetlb',
    '/blkio/docker/abc io',
    '/memory/docker/abc memory',
    '/pids/docker/abc pids',
    '/net_cls,net_prio/docker/abc net_cls net_prio',
  ])
})

t.test('on a hybrid host also in the v2 tree and in the named one', async t => {
  const lines = here(containerLayout(hybrid, '/a'))
  t.equal(lines[0], '/unified/a hugetlb')
  t.equal(lines.at(-1), '/systemd/a ')
})

t.test('on v2 it is one directory with every controller there is', async t => {
  t.same(here(containerLayout(v2, '/a')), ['/a cpu cpuset hugetlb io memory pids rdma misc'])
  t.same(containerControllers(bare), [], 'nothing to pass down')
  t.throws(() => containerLayout(v2, '/a/../b'), { code: 'ERR_TSBOX_SPEC' })
})

const host = detectHost()

t.test('this machine: the layout is what /proc/self/cgroup lists', async t => {
  const dirs = containerLayout(host, '/a')
  const lines = readFileSync('/proc/self/cgroup', 'utf8')
    .trim()
    .split('\n')
    .filter(line => host.unified !== undefined || !line.startsWith('0::'))
  t.equal(dirs.length, lines.length)
  const named = Object.values(host.named ?? {})
  t.same(dirs.map(({ mount }) => mount).sort(), [...new Set([...mountsOf(host), ...named])].sort())
})

t.test('an existing group is found in the hierarchies it is in', async t => {
  const group = await groupFor(t, { controllers: ['pids', 'memory'] })
  t.same(
    openContainer(host, group.path)
      .map(({ path }) => path)
      .sort(),
    [...directoriesAt(group.path)].sort(),
  )
  for (const dir of openContainer(host, group.path)) {
    const same = group.dirs.find(({ path }) => path === dir.path)
    t.ok(same, dir.path)
    if (dir.version === 1) t.ok(same?.controllers.every(name => dir.controllers.includes(name)))
  }
  const gone = scratch(t)
  t.throws(() => openContainer(host, gone), { code: 'ERR_TSBOX_CGROUP', step: 'path' })
  t.throws(() => openContainer(host, '/'), { code: 'ERR_TSBOX_SPEC' })
  await t.rejects(Cgroup.open(gone), { code: 'ERR_TSBOX_CGROUP', step: 'path' })
})

t.test('files that only some kernels have are found by looking', async t => {
  const group = await groupFor(t, { controllers: ['pids'] })
  const dir = group.dirs.find(({ controllers }) => controllers.includes('pids'))!
  t.ok(groupHasFile(dir.mount, 'cgroup.procs'))
  t.notOk(groupHasFile(dir.mount, 'pids.nothing'))
  t.notOk(groupHasFile('/nowhere', 'pids.max'))
})
