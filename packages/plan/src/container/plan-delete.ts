import { KERNEL, type Op, type Plan } from '@tsbox/protocol'
import type { OciConfig } from '@tsbox/spec'
import { removeGroupOps, stopScopeOps } from './group.ts'
import { hookOps } from './hooks.ts'
import type { ContainerGroup, Handback } from './input.ts'
import { CONTAINER_SLOTS as SLOTS } from './slots.ts'

export interface DeleteInput {
  readonly id: string
  readonly bundle: string
  readonly config: OciConfig
  readonly stateDir: string
  readonly group: Pick<ContainerGroup, 'path' | 'dirs' | 'scope'> | undefined
  readonly handback: Handback
  /** Run by whoever has no other way to tell why nothing was done. */
  readonly direct?: boolean | undefined
  /** Whatever is there is ended. */
  readonly forced?: boolean | undefined
  /** A process that is to be ended first, whatever it does. */
  readonly end?: { readonly pid: number; readonly started: bigint } | undefined
}

/**
 * `delete`: also written when the container is created. It changes nothing while the container's process is there, unless that is
 * to be ended: it is looked at before the lock is waited for, and again when nobody else can start anything.
 */
export const planDelete = (input: DeleteInput): Plan => {
  const { stateDir, end } = input
  const handback: Op = { op: 'handback', ...input.handback, always: 0 }
  // Without it the container is being created by somebody, whose lock is not waited for.
  const created: readonly Op[] =
    input.forced === true
      ? []
      : [{ op: 'open', slot: SLOTS.process, path: `${stateDir}/process`, flags: KERNEL.O_PATH }]
  const ended = (dir: number): readonly Op[] =>
    input.forced === true ? [] : [{ op: 'ended', dir, file: 'process' }]
  return {
    outer: [
      ...(input.direct === true ? [handback] : []),
      ...created,
      { op: 'open', slot: SLOTS.place, path: stateDir, flags: KERNEL.O_PATH | KERNEL.O_DIRECTORY },
      ...ended(SLOTS.place),
      { op: 'take', slot: SLOTS.state, path: stateDir },
      ...ended(SLOTS.state),
      { op: 'own' },
      ...(input.direct === true ? [] : [handback]),
      ...(end === undefined
        ? []
        : [
            { op: 'openProcess', slot: SLOTS.process, ...end } as const,
            { op: 'sendSignal', process: SLOTS.process, signal: 9 } as const,
          ]),
    ],
    inner: [],
    teardown: [
      ...removeGroupOps(input.group, stopScopeOps(input.group)),
      { op: 'release', path: stateDir },
      ...hookOps('poststop', input),
    ],
  }
}
