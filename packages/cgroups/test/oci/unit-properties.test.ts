import t from 'tap'
import {
  annotatedProperties,
  deviceProperties,
  deviceRules,
  deviceWritesV1,
  type LimitWrite,
  type OciResources,
  resourceWrites,
  unitProperties,
} from '../../src/index.ts'
import { hybrid, v2 } from './hosts.ts'

const INFINITY = '18446744073709551615'

const told = (host: typeof hybrid, resources: OciResources) =>
  unitProperties(resourceWrites(host, resources))
    .map(({ name, signature, words }) => [name, signature, ...words].join(' '))
    .sort()

t.test('each limit systemd has a property for is told, in its units', async t => {
  const resources: OciResources = {
    memory: { limit: 1 << 26, reservation: 1 << 20, swap: 1 << 27 },
    cpu: { shares: 1024, quota: 50_000, period: 200_000, cpus: '0,8-9' },
    pids: { limit: 30 },
  }
  t.same(told(v2, resources), [
    'AllowedCPUs ay 2 1 3',
    'CPUQuotaPerSecUSec t 250000',
    'CPUQuotaPeriodUSec t 200000',
    'CPUWeight t 100',
    `MemoryLow t ${1 << 20}`,
    `MemoryMax t ${1 << 26}`,
    `MemorySwapMax t ${(1 << 27) - (1 << 26)}`,
    'TasksMax t 30',
  ])
})

t.test('on v1 those that systemd has for v1', async t => {
  t.same(told(hybrid, { memory: { limit: 1 << 26 }, cpu: { shares: 512, quota: 50_000, cpus: '0' } }), [
    'CPUQuotaPerSecUSec t 500000',
    'CPUShares t 512',
    `MemoryLimit t ${1 << 26}`,
  ])
})

const write = (file: string, value: string): LimitWrite => ({
  controller: 'x',
  version: 2,
  mount: '/m',
  file,
  value,
  knob: 'x',
})

t.test('no limit is infinity, and what has no property is left out', async t => {
  const properties = unitProperties([
    write('memory.max', 'max'),
    write('cpu.max', 'max 100000'),
    write('memory.oom.group', '1'),
    write('io.weight', '8:0 100'),
    write('cpuset.cpus', '0-10:2/4'),
  ])
  t.same(
    properties.map(({ name, words }) => [name, ...words]),
    [
      ['MemoryMax', INFINITY],
      ['CPUQuotaPerSecUSec', INFINITY],
      ['CPUQuotaPeriodUSec', '100000'],
    ],
  )
})

t.test('devices that are allowed are named for systemd, the others stay forbidden', async t => {
  const rules = deviceRules([
    { allow: false, access: 'rwm' },
    { allow: true, type: 'b', major: 8, minor: 0, access: 'r' },
  ])
  const properties = deviceProperties(deviceWritesV1(rules), (type, major) =>
    type === 'c' && major === 136 ? 'pts' : undefined,
  )
  const [policy, allow] = properties
  t.same(policy, { name: 'DevicePolicy', signature: 's', words: ['strict'] })
  const [count, ...words] = allow?.words ?? []
  t.equal(Number(count) * 2, words.length)
  const named = words.flatMap((word, i) => (i % 2 === 0 ? [`${word} ${words[i + 1]}`] : []))
  for (const one of ['/dev/char/1:3 rwm', '/dev/block/8:0 r', 'char-pts rwm', 'char-* m', 'block-* m'])
    t.ok(
      named.some(device => device.startsWith(one)),
      `${one} in ${named}`,
    )
})

t.test('where every device is allowed systemd is told nothing', async t => {
  const writes = deviceWritesV1(deviceRules([{ allow: true, access: 'rwm' }]))
  t.same(
    deviceProperties(writes, () => undefined),
    [],
  )
})

t.test('annotations ask for properties', async t => {
  const given = (name: string, text: string) =>
    annotatedProperties({ [`org.systemd.property.${name}`]: text })
  t.same(given('SendSIGHUP', 'true'), [{ name: 'SendSIGHUP', signature: 'b', words: ['true'] }])
  t.same(given('Description', "'a b'"), [{ name: 'Description', signature: 's', words: ['a b'] }])
  t.same(given('TasksMax', 'uint64 5'), [{ name: 'TasksMax', signature: 't', words: ['5'] }])
  t.same(given('After', "['a.service', 'b.service']"), [
    { name: 'After', signature: 'as', words: ['2', 'a.service', 'b.service'] },
  ])
  t.same(given('TimeoutStopSec', 'uint64 7'), [
    { name: 'TimeoutStopUSec', signature: 't', words: ['7000000'] },
  ])
  t.same(given('TimeoutStopUSec', 'uint64 7'), [{ name: 'TimeoutStopUSec', signature: 't', words: ['7'] }])
  t.same(annotatedProperties({ 'org.example': 'true' }), [])
  t.same(annotatedProperties(undefined), [])
})

t.test('an annotation that cannot be read is refused by its name', async t => {
  for (const [name, text] of [
    ['X', '{1: 2}'],
    ['X', "'it''s'"],
    ['-x', 'true'],
    ['TimeoutStopSec', "'soon'"],
  ] as const)
    t.throws(() => annotatedProperties({ [`org.systemd.property.${name}`]: text }), {
      code: 'ERR_TSBOX_SPEC',
      step: `annotations["org.systemd.property.${name}"]`,
    })
})
