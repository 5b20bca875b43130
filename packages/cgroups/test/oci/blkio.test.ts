import t from 'tap'
import { ioWeightFromBlkio } from '../../src/oci/blkio.ts'
import { updated, v1, v2, written } from './hosts.ts'

t.test("a weight keeps its place on v2's scale", async t => {
  t.equal(ioWeightFromBlkio(10), 1)
  t.equal(ioWeightFromBlkio(1000), 10000)
  t.equal(ioWeightFromBlkio(500), 4950)
})

t.test('where BFQ schedules on v2, its file gets the weight as it is', async t => {
  const blockIO = { weight: 333, weightDevice: [{ major: 8, minor: 0, weight: 444 }] }
  const has = (mount: string, file: string) => mount === '/sys/fs/cgroup' && file === 'io.bfq.weight'
  t.same(written(v2, { blockIO }, { has }), ['/io.bfq.weight = 333', '/io.bfq.weight = 8:0 444'])
  t.same(updated(v2, { blockIO }, { 'io.bfq.weight': 'default 100\n' }), [
    '/io.bfq.weight = 333',
    '/io.bfq.weight = 8:0 444',
  ])
  t.same(updated(v2, { blockIO: { weight: 10 } }, { 'io.weight': 'default 100\n' }), ['/io.weight = 1'])
})

t.test('a rate or weight of 0 lifts what a live group has', async t => {
  const blockIO = {
    weightDevice: [{ major: 8, minor: 0, weight: 0 }],
    throttleWriteIOPSDevice: [{ major: 8, minor: 0, rate: 0 }],
  }
  const files = {
    'blkio.bfq.weight_device': '',
    'blkio.throttle.write_iops_device': '8:0 5\n',
    'io.weight': 'default 100\n',
    'io.max': '8:0 rbps=max\n',
  }
  t.same(updated(v1, { blockIO }, files), [
    '/blkio/blkio.bfq.weight_device = 8:0 0',
    '/blkio/blkio.throttle.write_iops_device = 8:0 0',
  ])
  t.same(updated(v2, { blockIO }, files), ['/io.weight = 8:0 default', '/io.max = 8:0 wiops=max'])
})
