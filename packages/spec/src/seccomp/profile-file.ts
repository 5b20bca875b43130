import type { Capability } from '../capabilities.ts'
import { parseJson } from '../oci/json.ts'
import type { OciSeccomp } from '../oci/seccomp.ts'
import { seccomp } from '../oci/seccomp-profile.ts'
import { type Machine, OCI_ARCHITECTURES } from './machine.ts'

/** What a profile's conditions are about. */
export interface ProfileFacts {
  /** What the box may have. */
  readonly capabilities: readonly Capability[]
  readonly machine: Machine
  /** [6, 18] for Linux 6.18. */
  readonly kernel: readonly [major: number, minor: number]
}

/** When a rule of a profile for engines counts; an absent condition always holds. */
interface Conditions {
  readonly caps?: readonly string[]
  readonly arches?: readonly string[]
  readonly minKernel?: string
}

interface EngineRule {
  readonly name?: string
  readonly names?: readonly string[]
  readonly includes?: Conditions
  readonly excludes?: Conditions
}

interface EngineProfile {
  readonly archMap?: readonly {
    readonly architecture: string
    readonly subArchitectures?: readonly string[]
  }[]
  readonly syscalls?: readonly EngineRule[]
}

const GO_ARCH = { x64: 'amd64', arm64: 'arm64' } as const

const hasAll = (caps: readonly string[] = [], { capabilities }: ProfileFacts): boolean =>
  caps.every(cap => capabilities.some(name => cap === `CAP_${name}`))

const isNewEnough = (wanted: string | undefined, { kernel: [major, minor] }: ProfileFacts): boolean => {
  const [wantedMajor = 0, wantedMinor = 0] = (wanted ?? '0.0').split('.').map(Number)
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
}

const isIncluded = ({ caps, arches, minKernel }: Conditions, facts: ProfileFacts): boolean =>
  hasAll(caps, facts) &&
  (arches === undefined || arches.length === 0 || arches.includes(GO_ARCH[facts.machine])) &&
  isNewEnough(minKernel, facts)

const isExcluded = ({ caps = [], arches = [], minKernel }: Conditions, facts: ProfileFacts): boolean =>
  (caps.length > 0 && caps.some(cap => hasAll([cap], facts))) ||
  arches.includes(GO_ARCH[facts.machine]) ||
  (minKernel !== undefined && minKernel !== '' && isNewEnough(minKernel, facts))

/** A rule counts when all of what it includes is there and none of what it excludes. */
const rulesFor = (rules: readonly EngineRule[], facts: ProfileFacts): readonly object[] =>
  rules
    .filter(({ includes = {}, excludes = {} }) => isIncluded(includes, facts) && !isExcluded(excludes, facts))
    .map(({ name, names, includes: _, excludes: __, ...rule }) => ({
      ...rule,
      names: names ?? (name === undefined ? [] : [name]),
    }))

/**
 * A profile from a file: as `linux.seccomp` of a config.json has it, or as engines keep theirs, with rules that count only for some
 * capabilities, machines or kernels and a map of architectures.
 *
 * @throws TsboxError ERR_TSBOX_CONFIG naming the field
 */
export const parseProfile = (text: string, facts: ProfileFacts): OciSeccomp => {
  const read = parseJson(text)
  if (typeof read !== 'object' || read === null) return seccomp(read, 'seccomp')
  const { archMap, syscalls, ...rest } = read as EngineProfile & Readonly<Record<string, unknown>>
  const native = OCI_ARCHITECTURES[facts.machine]
  const own = Array.isArray(archMap) ? archMap.find(({ architecture }) => architecture === native) : undefined
  const profile = {
    ...rest,
    ...(archMap === undefined ? {} : { architectures: [native, ...(own?.subArchitectures ?? [])] }),
    ...(Array.isArray(syscalls) ? { syscalls: rulesFor(syscalls, facts) } : { syscalls }),
  }
  return seccomp(profile.syscalls === undefined ? { ...profile, syscalls: [] } : profile, 'seccomp')
}
