import { CONTAINER_SLOTS as SLOTS } from '@tsbox/plan'
import type { Op, Plan } from '@tsbox/protocol'
import { keptConfig } from './kept-config.ts'

/** What an operation of a plan works on, when that is a mount on its way. */
const mountOf = (op: Op): number | undefined => {
  switch (op.op) {
    case 'fsMount':
    case 'openTree':
      return op.slot
    case 'openInside':
      return op.slot === SLOTS.passing ? op.slot : undefined
    case 'attach':
    case 'setMountAttributes':
    case 'setMountPropagation':
    case 'mapOwners':
      return op.mount
    case 'copyUp':
      return op.to
    default:
      return undefined
  }
}

const makes = (op: Op, slot: number): boolean =>
  (op.op === 'fsMount' || op.op === 'openTree' || op.op === 'openInside') && op.slot === slot

/** In one form, whatever slashes they are written with. */
const destinationsIn = (plan: Plan): readonly string[] =>
  (keptConfig(plan).mounts ?? []).map(({ destination }) =>
    `/${destination}`.replaceAll(/\/+/g, '/').replace(/(.)\/$/, '$1'),
  )

/**
 * The field an operation on a mount comes from: `mounts[3]`, found by the place that the mount goes to; a group's views lie below
 * theirs. Undefined for what is no mount.
 */
export const mountField = (plan: Plan, index: number): string | undefined => {
  const ops = [...plan.outer, ...plan.inner]
  const op = ops[index]
  const mount = op === undefined ? undefined : mountOf(op)
  if (op === undefined || mount === undefined) return undefined
  if (mount === SLOTS.root) return op.op === 'setMountPropagation' ? 'linux.rootfsPropagation' : 'root.path'
  const made = ops.findLastIndex((each, at) => at <= index && makes(each, mount))
  const maker = ops[made]
  if (maker?.op === 'openInside') return mountAt(plan, String(maker.path))
  const attach = ops.slice(made).find(each => each.op === 'attach' && each.mount === mount)
  if (attach?.op !== 'attach') return 'mounts'
  const target = String(attach.target)
  if (attach.root === SLOTS.dev) return target === 'console' ? 'process.terminal' : 'linux.devices'
  return mountAt(plan, target)
}

const mountAt = (plan: Plan, target: string): string => {
  const destinations = destinationsIn(plan)
  const exact = destinations.indexOf(target)
  const at = exact >= 0 ? exact : destinations.findIndex(each => target.startsWith(`${each}/`))
  return at < 0 ? 'mounts' : `mounts[${at}]`
}
