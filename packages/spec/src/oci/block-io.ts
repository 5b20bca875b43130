import type { OciBlockDevice, OciBlockIO } from '@tsbox/cgroups'
import { type Check, list, uint16, uint64, whole } from './check.ts'
import { configError } from './config-error.ts'
import { record } from './record.ts'

type WeightDevice = NonNullable<OciBlockIO['weightDevice']>[number]
type ThrottleDevice = NonNullable<OciBlockIO['throttleReadBpsDevice']>[number]

const device: { readonly [K in keyof OciBlockDevice]: Check<number> } = {
  major: whole(0, 2 ** 32 - 1),
  minor: whole(0, 2 ** 32 - 1),
}

const weightFields = record<WeightDevice>({
  fields: { ...device, weight: uint16, leafWeight: uint16 },
  required: ['major', 'minor'],
})

const weightDevice: Check<WeightDevice> = (value, path) => {
  const read = weightFields(value, path)
  if (read.weight !== undefined || read.leafWeight !== undefined) return read
  throw configError(path, 'has no weight', 'Give weight, leafWeight or both.')
}

const throttle = list(
  record<ThrottleDevice>({ fields: { ...device, rate: uint64 }, required: ['major', 'minor', 'rate'] }),
)

/** `linux.resources.blockIO` (config-linux.md, "Block IO"). Which weights a kernel takes depends on its version. */
export const blockIO: Check<OciBlockIO> = record<OciBlockIO>({
  fields: {
    weight: uint16,
    leafWeight: uint16,
    weightDevice: list(weightDevice),
    throttleReadBpsDevice: throttle,
    throttleWriteBpsDevice: throttle,
    throttleReadIOPSDevice: throttle,
    throttleWriteIOPSDevice: throttle,
  },
})
