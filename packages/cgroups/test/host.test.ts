import { readFileSync } from 'node:fs'
import t from 'tap'
import { controllerHome, detectHost, hostFromMountinfo, missingHint } from '../src/index.ts'
import { HYBRID, NONE, V1, V2, V2_CONTROLLERS } from './mountinfo-texts.ts'

const V1_PLACES = {
  cpu: '/sys/fs/cgroup/cpu,cpuacct',
  cpuacct: '/sys/fs/cgroup/cpu,cpuacct',
  memory: '/sys/fs/cgroup/memory',
  pids: '/sys/fs/cgroup/pids',
  io: '/sys/fs/cgroup/blkio',
  freezer: '/sys/fs/cgroup/freezer',
  cpuset: '/sys/fs/cgroup/cpuset',
  hugetlb: '/sys/fs/cgroup/hugetlb',
  net_cls: '/sys/fs/cgroup/net_cls,net_prio',
  net_prio: '/sys/fs/cgroup/net_cls,net_prio',
}

t.test('a v2 host has one tree with its controllers', async t => {
  t.same(hostFromMountinfo(V2, V2_CONTROLLERS), {
    mode: 'v2',
    unified: {
      mount: '/sys/fs/cgroup',
      controllers: ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids', 'rdma', 'misc'],
    },
    v1: {},
  })
})

t.test('a v1 host has a place for each controller, shared ones twice', async t => {
  t.same(hostFromMountinfo(V1, undefined), { mode: 'v1', v1: V1_PLACES })
})

t.test('a hybrid host has both, and the v2 tree may be without controllers', async t => {
  t.same(hostFromMountinfo(HYBRID, ''), {
    mode: 'hybrid',
    unified: { mount: '/sys/fs/cgroup/unified', controllers: [] },
    v1: V1_PLACES,
    named: { systemd: '/sys/fs/cgroup/systemd' },
  })
})

t.test('a hierarchy that has only a name is found by it', async t => {
  const line = (place: string, options: string) =>
    `30 23 0:26 / ${place} rw - cgroup cgroup rw,xattr,${options}\n`
  t.same(hostFromMountinfo(line('/pids', 'pids') + line('/a', 'name=elogind'), undefined), {
    mode: 'v1',
    v1: { pids: '/pids' },
    named: { elogind: '/a' },
  })
  t.throws(() => hostFromMountinfo(line('/a', 'name=elogind'), undefined), { code: 'ERR_TSBOX_CGROUP' })
})

t.test('a v2 tree that cannot be read is left out', async t => {
  t.same(hostFromMountinfo(HYBRID, undefined).mode, 'v1')
  t.throws(() => hostFromMountinfo(V2, undefined), { code: 'ERR_TSBOX_CGROUP' })
})

t.test('a host without cgroups says so, with what to do', async t => {
  t.throws(() => hostFromMountinfo(NONE, undefined), { code: 'ERR_TSBOX_CGROUP', hint: /mount -t cgroup2/ })
  t.throws(() => hostFromMountinfo('', undefined), { code: 'ERR_TSBOX_CGROUP' })
})

t.test('a mount point with spaces and backslashes is read as it is', async t => {
  const text = '30 23 0:26 / /my\\040groups\\134here rw - cgroup2 none rw\n'
  t.equal(hostFromMountinfo(text, '').unified?.mount, '/my groups\\here')
})

t.test('inside a container the mount shows a part of the hierarchy, and is used as it is', async t => {
  const text = '30 23 0:26 /docker/abc /sys/fs/cgroup/pids rw master:4 - cgroup cgroup rw,pids\n'
  t.same(hostFromMountinfo(text, undefined), { mode: 'v1', v1: { pids: '/sys/fs/cgroup/pids' } })
})

t.test(
  'of several mounts of a hierarchy the writable, then the whole one is used; the last on one place counts',
  async t => {
    const line = (root: string, place: string, mode: string) =>
      `30 23 0:26 ${root} ${place} ${mode} - cgroup2 none rw\n`
    const mountOf = (...lines: string[]) => hostFromMountinfo(lines.join(''), '').unified?.mount
    t.equal(mountOf(line('/', '/ro', 'ro'), line('/', '/rw', 'rw')), '/rw')
    t.equal(mountOf(line('/part', '/part', 'rw'), line('/', '/all', 'rw')), '/all')
    t.equal(mountOf(line('/', '/ro', 'ro'), line('/part', '/rw', 'rw')), '/rw')
    t.equal(mountOf(line('/', '/a', 'rw'), line('/', '/b', 'rw')), '/a')
    t.equal(mountOf(line('/', '/a', 'rw'), line('/', '/b', 'rw'), line('/', '/a', 'ro')), '/b')
  },
)

t.test('a missing newline at the end loses nothing', async t => {
  t.same(hostFromMountinfo(V2.trimEnd(), V2_CONTROLLERS).mode, 'v2')
})

t.test('a controller is at home on v1 first, then on v2, else nowhere', async t => {
  const hybrid = hostFromMountinfo(HYBRID.replace(/^32 .*\n/m, ''), 'hugetlb')
  t.same(controllerHome(hybrid, 'io'), { version: 1, mount: '/sys/fs/cgroup/blkio' })
  t.same(controllerHome(hybrid, 'hugetlb'), { version: 2, mount: '/sys/fs/cgroup/unified' })
  t.equal(controllerHome(hybrid, 'misc'), undefined)
  t.same(controllerHome(hostFromMountinfo(V2, ''), 'freezer'), { version: 2, mount: '/sys/fs/cgroup' })
  t.equal(controllerHome(hostFromMountinfo(V2, ''), 'memory'), undefined)
})

t.test('this machine is what its own mountinfo says', async t => {
  const host = detectHost()
  const text = readFileSync('/proc/self/mountinfo', 'utf8')
  t.equal(host.unified !== undefined, / - cgroup2 /.test(text))
  t.equal(host.v1.pids !== undefined, / - cgroup .*\bpids\b/.test(text))
})

t.test('what gives a host a controller it lacks depends on whether its kernel has it', async t => {
  t.match(missingHint('nosuch'), /^boot a kernel that has the nosuch controller/)
  const isV1 = /\t[1-9]\d*\t\d+\t1$/m.test(readFileSync('/proc/cgroups', 'utf8'))
  t.match(missingHint('pids'), isV1 ? /^mount it: .*mount -t cgroup -o pids pids/ : /cgroup\.subtree_control/)
})
