import { CLAIM, KERNEL, type Op, type Plan, SUPERVISE_FLAGS } from '@tsbox/protocol'
import type { Box } from '@tsbox/spec'
import type { Filter } from './container/input.ts'
import { planGroup } from './group.ts'
import type { Host } from './host.ts'
import { planMounts } from './mounts.ts'
import { planProcess } from './process.ts'
import { SLOTS } from './slots.ts'

/** How a kind of root file system comes about; made by @tsbox/rootfs. */
export interface RootPlan {
  /** What of the host no other box may use meanwhile; before anything that teardown would undo. */
  readonly lock: readonly Op[]
  /** Leaves the finished root, attached, in SLOTS.root. */
  readonly stage: readonly Op[]
  /** Files to put into it once the kernel's trees are there. */
  readonly fill: readonly Op[]
  /** What is left on the host and must go when the box does. */
  readonly teardown: readonly Op[]
}

export interface PlanOptions {
  readonly root: RootPlan
  /** The filter of system calls, compiled. */
  readonly filter?: Filter | undefined
  /** The control pipe ends with its owner, and the box with it. */
  readonly lease: boolean
  /** The program to become when there is something to tell. */
  readonly handback?: {
    readonly argv: readonly string[]
    readonly env: readonly string[]
    readonly always: boolean
  }
}

/** The run directory of a box. */
export const runDirOf = (box: Box, host: Host): string => `${host.runDir}/${box.name}`

/**
 * A box and a host in, the ordered list of operations out. Pure: no file, no clock, no process.
 *
 * @throws TsboxError ERR_TSBOX_CONTROLLER, ERR_TSBOX_SPEC or ERR_TSBOX_SIZE when the box asks for what this host cannot give
 */
export const planBox = (box: Box, host: Host, options: PlanOptions): Plan => {
  const group = planGroup(box, host)
  const runDir = runDirOf(box, host)
  return {
    outer: [
      ...(options.handback
        ? [{ op: 'handback', ...options.handback, always: options.handback.always ? 1 : 0 } as const]
        : []),
      ...options.root.lock,
      // A parent the user named may hold groups that are none of ours; those are never taken over.
      {
        op: 'claim',
        slot: SLOTS.claim,
        path: runDir,
        reclaim: box.cgroupParent === undefined ? CLAIM.takeOverGroups : CLAIM.takeOver,
      },
      ...group.make,
      { op: 'clone', flags: namespaces(box, host), cgroup: group.bornIn },
      {
        op: 'supervise',
        timeoutMs: box.timeout,
        stopSignal: box.stopSignal,
        stopTimeoutMs: box.stopTimeout,
        flags: (options.lease ? SUPERVISE_FLAGS.lease : 0) | (box.terminal ? SUPERVISE_FLAGS.terminal : 0),
      },
    ],
    inner: [
      // A cgroup namespace is rooted where its maker stands, so the group is joined first.
      ...group.join,
      { op: 'unshare', flags: BigInt(KERNEL.CLONE_NEWCGROUP) },
      { op: 'setPropagation', path: '/', flags: BigInt(KERNEL.MS_REC | KERNEL.MS_PRIVATE) },
      { op: 'setHostname', name: box.hostname },
      ...(box.network === 'none' ? [{ op: 'interfaceUp', name: 'lo' } as const] : []),
      ...options.root.stage,
      ...(box.privileged ? [] : [noDevices]),
      ...planMounts(box, host, group.dirs),
      ...options.root.fill,
      ...(box.readOnly ? [readOnlyRoot] : []),
      ...planProcess(box, host, options.filter),
    ],
    teardown: [...group.collect, ...group.remove, ...options.root.teardown, { op: 'release', path: runDir }],
  }
}

/** A device node in a root or a layer would be the host's device. The box's own /dev is attached after this. */
const noDevices: Op = {
  op: 'setMountAttributes',
  mount: SLOTS.root,
  set: BigInt(KERNEL.MOUNT_ATTR_NODEV),
  clear: 0n,
  recursive: 1,
}

const readOnlyRoot: Op = {
  op: 'setMountAttributes',
  mount: SLOTS.root,
  set: BigInt(KERNEL.MOUNT_ATTR_RDONLY),
  clear: 0n,
  recursive: 0,
}

/** All namespaces but user; the cgroup namespace follows once init stands in its group. */
const namespaces = (box: Box, host: Host): bigint =>
  BigInt(
    KERNEL.CLONE_NEWNS |
      KERNEL.CLONE_NEWUTS |
      KERNEL.CLONE_NEWIPC |
      KERNEL.CLONE_NEWPID |
      (box.network === 'none' ? KERNEL.CLONE_NEWNET : 0) |
      (host.timeNamespace ? KERNEL.CLONE_NEWTIME : 0),
  )
