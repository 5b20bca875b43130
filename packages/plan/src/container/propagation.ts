import { KERNEL } from '@tsbox/protocol'
import { type OciConfig, type Propagation, parsePropagation } from '@tsbox/spec'

const FLAG: Readonly<Record<Propagation['type'], number>> = {
  private: KERNEL.MS_PRIVATE,
  slave: KERNEL.MS_SLAVE,
  shared: KERNEL.MS_SHARED,
  unbindable: KERNEL.MS_UNBINDABLE,
}

export const propagationFlag = (type: Propagation['type']): bigint => BigInt(FLAG[type])

export const rootPropagation = ({ linux }: OciConfig): Propagation | undefined =>
  linux.rootfsPropagation === undefined ? undefined : parsePropagation(linux.rootfsPropagation)

/** Kinds that keep a mount in touch with the host's: it is made there, before the container's tree is cut off. */
export const listens = (propagation: Propagation | undefined): boolean =>
  propagation?.type === 'slave' || propagation?.type === 'shared'
