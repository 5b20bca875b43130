import { TsboxError } from '@tsbox/errors'
import { CONTAINER_SLOTS as SLOTS } from '@tsbox/plan'
import type { Op, Plan } from '@tsbox/protocol'
import { hookField, keptConfig } from './kept-config.ts'
import { mountField } from './mount-field.ts'

/** What of a configuration an operation comes from, as far as its kind tells. */
const FIELDS: Partial<Record<Op['op'], string>> = {
  setHostname: 'hostname',
  setDomainname: 'domainname',
  setRlimit: 'process.rlimits',
  setScheduler: 'process.scheduler',
  setIoPriority: 'process.ioPriority',
  setAffinity: 'process.execCPUAffinity',
  makeDir: 'process.cwd',
  changeDir: 'process.cwd',
  setIds: 'process.user',
  setCaps: 'process.capabilities',
  personality: 'linux.personality',
  mapIds: 'linux.uidMappings',
  makeNode: 'linux.devices',
  mask: 'linux.maskedPaths',
  protect: 'linux.readonlyPaths',
  seccomp: 'linux.seccomp',
  listener: 'linux.seccomp.listenerPath',
  makeCgroup: 'linux.cgroupsPath',
  deviceFilter: 'linux.resources.devices',
  openTerminal: 'process.terminal',
}

/** Which part of the resources a file of a group comes from, by the controller its name begins with. */
const RESOURCES: Readonly<Record<string, string>> = {
  memory: 'memory',
  cpu: 'cpu',
  cpuset: 'cpu',
  pids: 'pids',
  io: 'blockIO',
  blkio: 'blockIO',
  hugetlb: 'hugepageLimits',
  net_cls: 'network.classID',
  net_prio: 'network.priorities',
  rdma: 'rdma',
  devices: 'devices',
}

const isNamespace = (op: Op): boolean =>
  op.op === 'open' && op.slot >= SLOTS.namespaces && op.slot < SLOTS.namespaces + NAMESPACES

/** Which of the namespaces with a path, as far as the path tells. */
const namespaceField = (opened: Op, plan: Plan): string => {
  const path = 'path' in opened ? String(opened.path) : ''
  const at = (keptConfig(plan).linux?.namespaces ?? []).findIndex(namespace => namespace.path === path)
  return at < 0 ? 'linux.namespaces' : `linux.namespaces[${at}].path`
}

/** Who joins has opened what it joins before. */
const joinField = (from: number, plan: Plan): string => {
  const opened = [...plan.outer, ...plan.inner].find(
    op => isNamespace(op) && 'slot' in op && op.slot === from,
  )
  return opened === undefined ? 'linux.namespaces' : namespaceField(opened, plan)
}

/** As many kinds as there are slots for. */
const NAMESPACES = 8

/** Programs that are run for other fields than hooks. */
const HELPERS: Readonly<Record<string, string>> = {
  '/usr/sbin/ip': 'linux.netDevices',
  '/usr/bin/newuidmap': 'linux.uidMappings',
  '/usr/bin/newgidmap': 'linux.gidMappings',
}

const fieldOf = (op: Op, plan: Plan): string | undefined => {
  if (op.op === 'spawn') return hookField(plan, op) ?? HELPERS[String(op.path)]
  if (isNamespace(op)) return namespaceField(op, plan)
  if (op.op === 'joinNamespaces') return joinField(op.from, plan)
  if (op.op !== 'writeAt') return FIELDS[op.op]
  const file = String(op.file)
  if (file.startsWith('sys/')) return `linux.sysctl["${file.slice(4).replaceAll('/', '.')}"]`
  if (file === 'oom_score_adj') return 'process.oomScoreAdj'
  if (file === 'attr/apparmor/exec') return 'process.apparmorProfile'
  if (file === 'attr/exec') return 'process.selinuxLabel'
  if (file === 'timens_offsets') return 'linux.timeOffsets'
  if (file === 'tasks') return 'linux.cgroupsPath'
  const part = RESOURCES[file.slice(0, file.indexOf('.'))]
  return part === undefined ? 'linux.resources' : `linux.resources.${part}`
}

/** The same error, beginning with the field of the configuration that its step comes from. */
export const withField = (error: TsboxError, plan: Plan): TsboxError => {
  const { index, code, hint, step, op, cause } = error
  const ops: readonly Op[] = [...plan.outer, ...plan.inner]
  const failed = index === undefined ? (op as Op | undefined) : ops[index]
  const field = failed === undefined ? undefined : (mountField(plan, index ?? 0) ?? fieldOf(failed, plan))
  if (field === undefined) return error
  return new TsboxError(code, `${field}: ${error.message}`, { hint, step, index, op, cause })
}
