import type { OciResources } from './resources.ts'
import { badResource, type Wishes } from './wish.ts'

type Rdma = NonNullable<OciResources['rdma']>

/** `linux.resources.rdma`: handles and objects of an RDMA device, by name. The file is the same on v1 and v2. */
export const rdmaWishes: Wishes<Rdma> = devices =>
  Object.entries(devices).map(([name, { hcaHandles, hcaObjects }]) => {
    const knob = `linux.resources.rdma[${JSON.stringify(name)}]`
    if (!/^[^\s/=]{1,63}$/.test(name)) throw badResource(knob, 'this is not a device name')
    const parts = [
      ...(hcaHandles === undefined ? [] : [`hca_handle=${hcaHandles}`]),
      ...(hcaObjects === undefined ? [] : [`hca_object=${hcaObjects}`]),
    ]
    if (parts.length === 0) throw badResource(knob, 'it has neither hcaHandles nor hcaObjects')
    return { knob, file: 'rdma.max', value: `${name} ${parts.join(' ')}` }
  })
