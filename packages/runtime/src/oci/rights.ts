import { capabilityMask, capabilitySets, type OciConfig, type OciProcess } from '@tsbox/spec'
import { ownCapabilities } from '../caller.ts'

const ALL = (1n << 64n) - 1n

/** Which capabilities a container can have here: ours, or all in a user namespace, which has its own. */
export const availableCapabilities = ({ linux }: OciConfig): bigint =>
  linux.namespaces?.some(({ type }) => type === 'user') ? ALL : ownCapabilities()

/**
 * What the specification wants a warning for: capabilities that this kernel does not have, or that we have not and so cannot
 * grant (config.md, "Linux Process").
 */
export const capabilityWarnings = ({ capabilities }: OciProcess, available: bigint): readonly string[] => {
  const { sets, unknown } = capabilitySets(capabilities)
  const asked = [...new Set(Object.values(sets).flat())]
  const missing = asked.filter(name => (capabilityMask([name]) & available) === 0n).map(name => `CAP_${name}`)
  return [
    ...(unknown.length > 0 ? [`process.capabilities: this kernel has no ${unknown.join(', ')}`] : []),
    ...(missing.length > 0 ? [`process.capabilities: ${missing.join(', ')} cannot be granted here`] : []),
  ]
}
