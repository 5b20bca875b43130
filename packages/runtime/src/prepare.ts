import { realpathSync, type Stats, statSync } from 'node:fs'
import { release } from 'node:os'
import { TsboxError } from '@tsbox/errors'
import { type Host, type PlanOptions, planBox } from '@tsbox/plan'
import type { Plan } from '@tsbox/protocol'
import { planRoot, readUserland } from '@tsbox/rootfs'
import { type Box, defaultSeccomp, type ProfileFacts } from '@tsbox/spec'
import { hostFacts, kernelVersion } from './host-facts.ts'
import { machine, type SeccompFilter, seccompFilter } from './seccomp-filter.ts'

/** A box, the host it is for, and the plan. */
export interface Prepared {
  readonly box: Box
  readonly host: Host
  readonly plan: Plan
}

/**
 * Plans a box for this host. Nothing is changed.
 *
 * @throws TsboxError ERR_TSBOX_ROOTFS when the root or a volume is not there, and what `planBox` throws
 */
export const prepare = (box: Box, options: Omit<PlanOptions, 'root' | 'filter'>): Prepared => {
  const checked = checkSources(box)
  const host = hostFacts(checked)
  const root = planRoot(checked, host, readUserland)
  return { box: checked, host, plan: planBox(checked, host, { ...options, root, filter: filterOf(checked) }) }
}

const filterOf = ({ seccomp, capabilities }: Box): SeccompFilter | undefined => {
  if (seccomp === 'unconfined') return undefined
  return seccompFilter(seccomp === 'default' ? defaultSeccomp(capabilities, machine()) : seccomp)
}

/** Without this a missing directory would be told by the step that needs it; here it is told by its option. */
const checkSources = (box: Box): Box => {
  const { root } = box
  for (const { source } of box.volumes) statOf('volume', source)
  if (root.kind === 'directory') return { ...box, root: { ...root, path: directory('rootfs', root.path) } }
  if (root.kind !== 'layers') return box
  const upper = root.upper === undefined ? undefined : directory('upper', root.upper)
  return { ...box, root: { ...root, layers: root.layers.map(path => directory('layer', path)), upper } }
}

const directory = (option: string, path: string): string => {
  if (!statOf(option, path).isDirectory()) throw missing(option, path, 'is not a directory')
  const real = realpathSync(path)
  if (real !== '/' || option === 'layer') return real
  throw new TsboxError('ERR_TSBOX_ROOTFS', `--${option} cannot be the root of this host itself`, {
    hint: 'Use --root host for a copy-on-write view of it.',
    step: option,
  })
}

const statOf = (option: string, path: string): Stats => {
  try {
    return statSync(path)
  } catch (cause) {
    throw missing(
      option,
      path,
      REASONS[(cause as NodeJS.ErrnoException).code ?? ''] ?? 'cannot be reached',
      cause,
    )
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'leads through something that is not a directory',
  ELOOP: 'leads through links that form a loop',
  ENAMETOOLONG: 'is too long: a name has at most 255 bytes, a path 4095',
  EACCES: 'leads through a directory that may not be searched',
}

const missing = (option: string, path: string, why: string, cause?: unknown): TsboxError =>
  new TsboxError('ERR_TSBOX_ROOTFS', `${option} ${JSON.stringify(path)} ${why}`, {
    hint:
      option === 'rootfs'
        ? 'Give the directory that is to be the root, or leave --rootfs out to use the programs of this host.'
        : 'Give the path of something that exists on this host.',
    step: option,
    cause,
  })

/** What the conditions of a profile are about, for this box on this machine. */
export const profileFacts = ({ capabilities }: Box): ProfileFacts => ({
  capabilities,
  machine: machine(),
  kernel: kernelVersion(release()),
})
