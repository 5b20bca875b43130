import { TsboxError } from '@tsbox/errors'
import type { Op, Plan } from '@tsbox/protocol'

/** What of a configuration an operation comes from, as far as its kind tells. */
const FIELDS: Partial<Record<Op['op'], string>> = {
  setHostname: 'hostname',
  setDomainname: 'domainname',
  setRlimit: 'process.rlimits',
  setScheduler: 'process.scheduler',
  setIoPriority: 'process.ioPriority',
  setAffinity: 'process.execCPUAffinity',
  changeDir: 'process.cwd',
  setIds: 'process.user',
  setCaps: 'process.capabilities',
  personality: 'linux.personality',
  mapIds: 'linux.uidMappings',
  joinNamespaces: 'linux.namespaces',
  makeNode: 'linux.devices',
  mask: 'linux.maskedPaths',
  protect: 'linux.readonlyPaths',
  seccomp: 'linux.seccomp',
  listener: 'linux.seccomp.listenerPath',
  makeCgroup: 'linux.cgroupsPath',
  deviceFilter: 'linux.resources.devices',
  fsMount: 'mounts',
  attach: 'mounts',
  openTree: 'mounts',
}

const fieldOf = (op: Op): string | undefined => {
  if (op.op !== 'writeAt') return FIELDS[op.op]
  const file = String(op.file)
  if (file.startsWith('sys/')) return `linux.sysctl["${file.slice(4).replaceAll('/', '.')}"]`
  if (file === 'oom_score_adj') return 'process.oomScoreAdj'
  if (file === 'attr/apparmor/exec') return 'process.apparmorProfile'
  if (file === 'attr/exec') return 'process.selinuxLabel'
  if (file === 'timens_offsets') return 'linux.timeOffsets'
  return file === 'tasks' ? 'linux.cgroupsPath' : 'linux.resources'
}

/** The same error, beginning with the field of the configuration that its step comes from. */
export const withField = (error: TsboxError, plan: Plan): TsboxError => {
  const { index, code, hint, step, op, cause } = error
  const ops: readonly Op[] = [...plan.outer, ...plan.inner]
  const failed = index === undefined ? undefined : ops[index]
  const field = failed === undefined ? undefined : fieldOf(failed)
  if (field === undefined) return error
  return new TsboxError(code, `${field}: ${error.message}`, { hint, step, index, op, cause })
}
