import t from 'tap'
import { read, refuses, withResources } from './documents.ts'

const given = (blockIO: unknown) => withResources({ blockIO })
const at = 'linux.resources.blockIO'
const disk = { major: 8, minor: 0 }
const KINDS = [
  'throttleReadBpsDevice',
  'throttleWriteBpsDevice',
  'throttleReadIOPSDevice',
  'throttleWriteIOPSDevice',
]

t.test('weights and throttles are read', async t => {
  const throttle = [{ ...disk, rate: 18446744073709551615n }]
  const blockIO = {
    weight: 0,
    leafWeight: 65535,
    weightDevice: [
      { ...disk, weight: 500 },
      { major: 4294967295, minor: 4294967295, leafWeight: 300 },
    ],
    ...Object.fromEntries(KINDS.map(kind => [kind, throttle])),
  }
  t.strictSame(read(given(blockIO)).linux.resources, { blockIO })
})

t.test('a weight of nothing, and a throttle without a rate, are refused', async t => {
  refuses(t, [
    [`${at}.weight`, given({ weight: 65536 })],
    [`${at}.leafWeight`, given({ leafWeight: -1 })],
    ...['major', 'minor'].flatMap(name =>
      [-1, 4294967296].map(
        number =>
          [
            `${at}.weightDevice[0].${name}`,
            given({ weightDevice: [{ ...disk, weight: 1, [name]: number }] }),
          ] as const,
      ),
    ),
    [`${at}.weightDevice[0]`, given({ weightDevice: [disk] })],
    [`${at}.weightDevice[0].minor`, given({ weightDevice: [{ major: 8, weight: 1 }] })],
    [`${at}.weightDevice[0].major`, given({ weightDevice: [{ minor: 8, weight: 1 }] })],
    ...KINDS.flatMap(kind => [
      [`${at}.${kind}[0].rate`, given({ [kind]: [disk] })] as const,
      [`${at}.${kind}[0].rate`, given({ [kind]: [{ ...disk, rate: -1 }] })] as const,
      [`${at}.${kind}[0].major`, given({ [kind]: [{ minor: 0, rate: 1 }] })] as const,
      [`${at}.${kind}[0].minor`, given({ [kind]: [{ major: 0, rate: 1 }] })] as const,
    ]),
  ])
})
