import t from 'tap'
import { read, refuses, withMount } from './documents.ts'

const LAST = 4294967294
type Range = readonly [inside: number, outside: number, size: number]
const list = (...ranges: readonly Range[]) =>
  ranges.map(([containerID, hostID, size]) => ({ containerID, hostID, size }))
const ONE = list([0, 0, 1])
const given = (uidMappings: unknown) => ({
  linux: { namespaces: [{ type: 'user' }], uidMappings, gidMappings: ONE },
})

t.test('maps that do not overlap are taken, to the last id', async t => {
  for (const ranges of [
    list([0, 1000, 1], [1, 100000, 65536]),
    list([1, 0, 1], [0, 1, 1]),
    list([0, 0, 4294967295]),
    list([LAST, LAST, 1]),
    Array.from({ length: 340 }, (_, i) => ({ containerID: i, hostID: 1000 - i, size: 1 })),
  ]) {
    t.strictSame(read(given(ranges)).linux.uidMappings, ranges)
  }
})

t.test('what the kernel would not map is refused', async t => {
  const at = 'linux.uidMappings'
  refuses(t, [
    [`${at}[1].containerID`, given(list([0, 1000, 2], [1, 2000, 1]))],
    [`${at}[0].containerID`, given(list([1, 2000, 1], [0, 1000, 2]))],
    [`${at}[1].hostID`, given(list([0, 1000, 10], [10, 1009, 1]))],
    [`${at}[0].containerID`, given(list([1, 0, 4294967295]))],
    [`${at}[0].hostID`, given(list([0, 1, 4294967295]))],
    [`${at}[0].hostID`, given(list([0, 4294967295, 1]))],
    [`${at}[0].size`, given(list([0, 0, 0]))],
    [`${at}[0].size`, given(list([0, 0, 4294967296]))],
    [`${at}[0].hostID`, given([{ containerID: 0, size: 1 }])],
    [`${at}[0].containerID`, given([{ hostID: 0, size: 1 }])],
    [`${at}[0].size`, given([{ containerID: 0, hostID: 0 }])],
    [at, given(Array.from({ length: 341 }, (_, i) => ({ containerID: i, hostID: i, size: 1 })))],
    ['linux.gidMappings[0].hostID', { linux: { gidMappings: [{ containerID: 0, hostID: -1, size: 1 }] } }],
  ])
})

t.test('a mount has both maps or none', async t => {
  const bind = { destination: '/a', source: '/b', options: ['bind'] }
  t.ok(read(withMount({ ...bind, uidMappings: ONE, gidMappings: ONE })))
  refuses(t, [
    ['mounts[0].gidMappings', withMount({ ...bind, uidMappings: ONE })],
    ['mounts[0].uidMappings', withMount({ ...bind, gidMappings: ONE })],
    ['mounts[0].uidMappings[0].size', withMount({ ...bind, uidMappings: list([0, 0, 0]), gidMappings: ONE })],
  ])
})
