import { KERNEL, type Op } from '@tsbox/protocol'
import type { OciProcess } from '@tsbox/spec'
import { CONTAINER_SLOTS as SLOTS } from './slots.ts'

/**
 * What is said of the process itself through its own directory of the host's /proc, while that can still be seen: how readily it
 * is killed for memory, and which profile or label exec puts on it.
 */
export const selfOps = ({ oomScoreAdj, apparmorProfile, selinuxLabel }: OciProcess): readonly Op[] => {
  const writes: readonly Op[] = [
    ...(oomScoreAdj === undefined ? [] : [write('oom_score_adj', String(oomScoreAdj))]),
    ...(named(apparmorProfile) ? [write('attr/apparmor/exec', `exec ${apparmorProfile}`)] : []),
    ...(named(selinuxLabel) ? [write('attr/exec', selinuxLabel ?? '')] : []),
  ]
  if (writes.length === 0) return []
  const flags = KERNEL.O_PATH | KERNEL.O_DIRECTORY
  return [{ op: 'open', slot: SLOTS.self, path: '/proc/thread-self', flags }, ...writes]
}

/** "unconfined" is what a process without a profile is. */
const named = (label: string | undefined): boolean =>
  label !== undefined && label !== '' && label !== 'unconfined'

const write = (file: string, data: string): Op => ({ op: 'writeAt', dir: SLOTS.self, file, data })
