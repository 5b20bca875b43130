import { CAPABILITIES, type Capability } from '../capabilities.ts'
import type { OciCapabilities } from './config.ts'

export const CAPABILITY_SETS = ['bounding', 'effective', 'inheritable', 'permitted', 'ambient'] as const
export type CapabilitySet = (typeof CAPABILITY_SETS)[number]

export interface CapabilitySets {
  readonly sets: Readonly<Record<CapabilitySet, readonly Capability[]>>
  /** Names that are no capability, each once: the caller warns about them. */
  readonly unknown: readonly string[]
}

/**
 * The five sets of a process; one that is not given is empty, so that nothing given means no rights.
 *
 * A name the kernel does not have is no error: the specification wants a warning for it (config.md, "Linux Process"), so that
 * a configuration written for a newer kernel still starts, with less.
 */
export const capabilitySets = (given: OciCapabilities = {}): CapabilitySets => {
  const unknown = new Set<string>()
  const known = (names: readonly string[] = []): readonly Capability[] => [
    ...new Set(
      names.flatMap(name => {
        const found = CAPABILITIES.find(capability => name === `CAP_${capability}`)
        if (found !== undefined) return [found]
        unknown.add(name)
        return []
      }),
    ),
  ]
  const sets = {
    bounding: known(given.bounding),
    effective: known(given.effective),
    inheritable: known(given.inheritable),
    permitted: known(given.permitted),
    ambient: known(given.ambient),
  }
  return { sets, unknown: [...unknown] }
}
