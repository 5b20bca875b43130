import t from 'tap'
import {
  cpusetSeeds,
  defaultControllers,
  enableWrites,
  groupLayout,
  hostFromMountinfo,
} from '../src/index.ts'
import { HYBRID, V1, V2, V2_CONTROLLERS } from './mountinfo-texts.ts'

const v1 = hostFromMountinfo(V1, undefined)
const v2 = hostFromMountinfo(V2, V2_CONTROLLERS)
const hybrid = hostFromMountinfo(HYBRID, '')

t.test('on v2 a group is one directory', async t => {
  t.same(groupLayout(v2, '/a/b', ['pids', 'memory', 'freezer']), [
    {
      version: 2,
      mount: '/sys/fs/cgroup',
      path: '/sys/fs/cgroup/a/b',
      controllers: ['pids', 'memory', 'freezer'],
    },
  ])
})

t.test('on v1 it is one per mount, and controllers mounted together share theirs', async t => {
  t.same(groupLayout(v1, '/a', ['cpu', 'pids', 'cpuacct', 'cpu']), [
    {
      version: 1,
      mount: '/sys/fs/cgroup/cpu,cpuacct',
      path: '/sys/fs/cgroup/cpu,cpuacct/a',
      controllers: ['cpu', 'cpuacct'],
    },
    { version: 1, mount: '/sys/fs/cgroup/pids', path: '/sys/fs/cgroup/pids/a', controllers: ['pids'] },
  ])
})

t.test('on a hybrid host the v2 tree is always part of it', async t => {
  t.same(groupLayout(hybrid, '/a', ['pids']), [
    { version: 2, mount: '/sys/fs/cgroup/unified', path: '/sys/fs/cgroup/unified/a', controllers: [] },
    { version: 1, mount: '/sys/fs/cgroup/pids', path: '/sys/fs/cgroup/pids/a', controllers: ['pids'] },
  ])
  t.equal(groupLayout(hybrid, '/a', []).length, 1)
})

t.test('a controller the host lacks, or a bad path, is refused', async t => {
  t.throws(() => groupLayout(hostFromMountinfo(V2, 'cpu'), '/a', ['memory']), {
    code: 'ERR_TSBOX_CONTROLLER',
    message: /memory/,
  })
  t.throws(() => groupLayout(v2, '/a/../b', []), { code: 'ERR_TSBOX_SPEC' })
})

t.test('an ordinary group has what statistics and stopping need, as far as the host has it', async t => {
  t.same(defaultControllers(v2), ['cpu', 'io', 'memory', 'pids'])
  t.same(defaultControllers(hybrid), ['cpu', 'io', 'memory', 'pids'])
  t.same(defaultControllers(v1), ['cpu', 'cpuacct', 'freezer', 'io', 'memory', 'pids'])
  t.same(defaultControllers(hostFromMountinfo(V2, 'pids')), ['pids'])
})

t.test('on v2 every directory above passes the controllers down', async t => {
  const [dir] = groupLayout(v2, '/a/b', ['pids', 'memory', 'freezer'])
  t.same(enableWrites(v2, dir!), [
    { file: '/sys/fs/cgroup/cgroup.subtree_control', value: '+pids +memory' },
    { file: '/sys/fs/cgroup/a/cgroup.subtree_control', value: '+pids +memory' },
  ])
  t.same(
    groupLayout(hybrid, '/a/b', ['pids']).flatMap(one => enableWrites(hybrid, one)),
    [],
    'nothing to pass down on v1',
  )
})

t.test('on v1 a new cpuset and those above it are given something to stand on', async t => {
  const [dir] = groupLayout(v1, '/a/b', ['cpuset'])
  t.same(cpusetSeeds(dir!, { cpus: '0-3', mems: '0' }), [
    { file: '/sys/fs/cgroup/cpuset/a/cpuset.cpus', value: '0-3' },
    { file: '/sys/fs/cgroup/cpuset/a/cpuset.mems', value: '0' },
    { file: '/sys/fs/cgroup/cpuset/a/b/cpuset.cpus', value: '0-3' },
    { file: '/sys/fs/cgroup/cpuset/a/b/cpuset.mems', value: '0' },
  ])
  t.same(
    cpusetSeeds(groupLayout(v2, '/a', ['cpuset'])[0]!, { cpus: '0', mems: '0' }),
    [],
    'v2 inherits by itself',
  )
})
