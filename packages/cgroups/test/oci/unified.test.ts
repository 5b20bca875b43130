import t from 'tap'
import { resourceWrites } from '../../src/index.ts'
import { hybrid, v1, v2, written } from './hosts.ts'

t.test('files of v2 are written as they are, one line at a time, after everything else', async t => {
  const unified = { 'memory.high': '100', 'io.max': '8:0 rbps=1\n8:16 wiops=2\n', 'cgroup.max.depth': '2' }
  t.same(written(v2, { unified, pids: { limit: 3 } }), [
    '/pids.max = 3',
    '/memory.high = 100',
    '/io.max = 8:0 rbps=1',
    '/io.max = 8:16 wiops=2',
    '/cgroup.max.depth = 2',
  ])
})

t.test('on a hybrid host only what its v2 tree has, on v1 nothing', async t => {
  t.same(written(hybrid, { unified: { 'hugetlb.1GB.max': '1073741824', 'cgroup.max.depth': '2' } }), [
    '/unified/hugetlb.1GB.max = 1073741824',
    '/unified/cgroup.max.depth = 2',
  ])
  const step = 'linux.resources.unified["memory.high"]'
  const unified = { 'memory.high': '1' }
  t.throws(() => resourceWrites(hybrid, { unified }), {
    code: 'ERR_TSBOX_CONTROLLER',
    step,
    message: /memory \(v2\)/,
  })
  t.throws(() => resourceWrites(v1, { unified }), {
    code: 'ERR_TSBOX_CONTROLLER',
    step,
    message: /cgroup v2/,
  })
})

t.test('a path, or a file that takes the group out of our hands, is refused', async t => {
  for (const [file, value] of [
    ['../x.max', '1'],
    ['memory/max', '1'],
    ['/etc/passwd', '1'],
    ['memory', '1'],
    ['memory..max', '1'],
    ['', '1'],
    ['cgroup.procs', '1'],
    ['cgroup.threads', '1'],
    ['cgroup.kill', '1'],
    ['cgroup.freeze', '1'],
    ['cgroup.type', 'threaded'],
    ['cgroup.subtree_control', '+pids'],
    ['pids.max', ''],
    ['pids.max', '\n'],
    ['pids.max', '1\0'],
  ] as const) {
    t.throws(() => resourceWrites(v2, { unified: { [file]: value } }), {
      code: 'ERR_TSBOX_SPEC',
      step: `linux.resources.unified[${JSON.stringify(file)}]`,
    })
  }
})
