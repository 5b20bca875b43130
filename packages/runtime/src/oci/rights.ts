import { TsboxError } from '@tsbox/errors'
import { capabilityMask, capabilitySets, type OciConfig, type OciProcess } from '@tsbox/spec'
import { ownCapabilities } from '../caller.ts'

const ALL = (1n << 64n) - 1n

/** Which capabilities a container can have here: ours, or all in a user namespace, which has its own. */
export const availableCapabilities = ({ linux }: OciConfig): bigint =>
  linux.namespaces?.some(({ type }) => type === 'user') ? ALL : ownCapabilities()

/**
 * Groups that cannot be set are an error, and not left out: who asks for fewer rights must not get others (user_namespaces(7)).
 *
 * @param canSet whether the user namespace lets anybody set groups
 * @throws TsboxError ERR_TSBOX_HOST
 */
export const checkGroups = ({ user }: OciProcess, canSet: boolean): void => {
  if (canSet || (user.additionalGids ?? []).length === 0) return
  throw new TsboxError(
    'ERR_TSBOX_HOST',
    'process.user.additionalGids: a map of one group forbids setgroups(2)',
    {
      hint: 'Leave them out, or map a range of groups, which needs newgidmap or root.',
      step: 'process.user.additionalGids',
    },
  )
}

/** What a log should say; of the minor ones a person at a terminal need not hear. */
export interface Warning {
  readonly text: string
  readonly minor: boolean
}

/**
 * What the specification wants a warning for: capabilities that this kernel does not have, that we have not and so cannot grant, or
 * that cannot be ambient (config.md, "Linux Process"). Engines name ambient ones with each container, so those are minor.
 */
export const capabilityWarnings = ({ capabilities }: OciProcess, available: bigint): readonly Warning[] => {
  const { sets, unknown } = capabilitySets(capabilities)
  const asked = [...new Set(Object.values(sets).flat())]
  const missing = asked.filter(name => (capabilityMask([name]) & available) === 0n)
  const ambient = sets.ambient.filter(
    name => !sets.permitted.includes(name) || !sets.inheritable.includes(name),
  )
  return [
    ...warning(unknown, 'are not known to this kernel'),
    ...warning(missing.map(withPrefix), 'cannot be granted here'),
    ...warning(ambient.map(withPrefix), 'cannot be ambient without being permitted and inheritable', true),
  ]
}

const withPrefix = (name: string): string => `CAP_${name}`

const warning = (names: readonly string[], what: string, minor = false): readonly Warning[] =>
  names.length === 0 ? [] : [{ text: `process.capabilities: ${names.join(', ')} ${what}`, minor }]
