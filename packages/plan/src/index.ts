export type {
  Attachments,
  ContainerGroup,
  ContainerInput,
  Filter,
  Handback,
  Mode,
  NetDevice,
} from './container/input.ts'
export { maySetGroups } from './container/namespaces.ts'
export { planContainer } from './container/plan-container.ts'
export type { DeleteInput } from './container/plan-delete.ts'
export { planDelete } from './container/plan-delete.ts'
export type { ExecInput } from './container/plan-exec.ts'
export { planExec } from './container/plan-exec.ts'
export { planSignal } from './container/plan-signal.ts'
export { planStart } from './container/plan-start.ts'
export { CONTAINER_SLOTS } from './container/slots.ts'
export { OCI_VERSION, PID } from './container/state-text.ts'
export { effectiveLimits, groupPath } from './group.ts'
export { type Host, kernelAtLeast } from './host.ts'
export { MASKED_PATHS, READ_ONLY_PATHS } from './mounts.ts'
export { type PlanOptions, planBox, type RootPlan, runDirOf } from './plan-box.ts'
export { SLOTS } from './slots.ts'
