import type { OciBlockDevice, OciBlockIO } from './resources.ts'
import { badResource, notNegative, type Place, type Wish, type Wishes, wholeNumber } from './wish.ts'

const KNOB = 'linux.resources.blockIO'

/** `io.weight` (v2, 1 to 10000) for a `blkio.weight` (10 to 1000), the way OCI runtimes convert it: evenly. */
export const ioWeightFromBlkio = (weight: number): number => 1 + Math.floor(((weight - 10) * 9999) / 990)

const deviceOf = ({ major, minor }: OciBlockDevice, knob: string): string =>
  `${wholeNumber(major, knob)}:${wholeNumber(minor, knob)}`

/** Absent and 0 are no weight. */
const weightOf = (weight: number | undefined, knob: string): number | undefined => {
  if (weight === undefined || weight === 0) return undefined
  if (Number.isInteger(weight) && weight >= 10 && weight <= 1000) return weight
  throw badResource(knob, `${weight} is not a whole number from 10 to 1000`)
}

/** Leaf weights went with the CFQ scheduler, in Linux 5.0. */
const leafWeight = (weight: number | undefined, knob: string): readonly Wish[] => {
  const leaf = weightOf(weight, knob)
  const hint = 'leave it out: the scheduler it was for is gone since Linux 5.0'
  return leaf === undefined ? [] : [{ knob, file: undefined, value: String(leaf), hint }]
}

/** v2's own weight acts through io.cost; where BFQ schedules there is a file for it, on the scale of v1. */
const weightFile = ({ version, has }: Place): { file: string; scale: (weight: number) => number } => {
  if (version === 1) return { file: 'blkio.bfq.weight', scale: weight => weight }
  return has('io.bfq.weight') === true
    ? { file: 'io.bfq.weight', scale: weight => weight }
    : { file: 'io.weight', scale: ioWeightFromBlkio }
}

const weights: Wishes<OciBlockIO> = (block, place) => {
  const weight = weightOf(block.weight, `${KNOB}.weight`)
  const { file, scale } = weightFile(place)
  return [
    ...(weight === undefined ? [] : [{ knob: `${KNOB}.weight`, file, value: String(scale(weight)) }]),
    ...leafWeight(block.leafWeight, `${KNOB}.leafWeight`),
  ]
}

const deviceWeights: Wishes<OciBlockIO> = (block, place) =>
  (block.weightDevice ?? []).flatMap((entry, index): readonly Wish[] => {
    const knob = `${KNOB}.weightDevice[${index}]`
    const device = deviceOf(entry, knob)
    if (entry.weight === undefined && entry.leafWeight === undefined) {
      throw badResource(knob, 'it has neither weight nor leafWeight')
    }
    const weight = weightOf(entry.weight, `${knob}.weight`)
    const { file: common, scale } = weightFile(place)
    const file = place.version === 1 ? 'blkio.bfq.weight_device' : common
    const none = place.version === 1 ? '0' : 'default'
    const value = `${device} ${weight === undefined ? none : scale(weight)}`
    const own = { knob: `${knob}.weight`, file, value, lifts: weight === undefined }
    return [
      ...(entry.weight === undefined ? [] : [own]),
      ...leafWeight(entry.leafWeight, `${knob}.leafWeight`),
    ]
  })

const THROTTLES = [
  ['throttleReadBpsDevice', 'blkio.throttle.read_bps_device', 'rbps'],
  ['throttleWriteBpsDevice', 'blkio.throttle.write_bps_device', 'wbps'],
  ['throttleReadIOPSDevice', 'blkio.throttle.read_iops_device', 'riops'],
  ['throttleWriteIOPSDevice', 'blkio.throttle.write_iops_device', 'wiops'],
] as const

/** A rate of 0 lifts the limit. */
const throttles: Wishes<OciBlockIO> = (block, { version }) =>
  THROTTLES.flatMap(([field, v1File, v2Key]) =>
    (block[field] ?? []).map((entry, index): Wish => {
      const knob = `${KNOB}.${field}[${index}]`
      const device = deviceOf(entry, knob)
      const rate = notNegative(wholeNumber(entry.rate, knob), knob)
      const lifts = rate === 0n
      if (version === 1) return { knob, file: v1File, value: `${device} ${rate}`, lifts }
      return { knob, file: 'io.max', value: `${device} ${v2Key}=${lifts ? 'max' : rate}`, lifts }
    }),
  )

/** `linux.resources.blockIO`: rates are bytes or operations a second. */
export const blkioWishes: Wishes<OciBlockIO> = (block, place) => [
  ...weights(block, place),
  ...deviceWeights(block, place),
  ...throttles(block, place),
]
