import { type CgroupHost, type Controller, controllerHome } from '../host.ts'
import type { ReadGroupFile } from '../snapshot.ts'
import type { LimitWrite } from '../writes.ts'
import { blkioWishes } from './blkio.ts'
import { cpusetWishes, cpuWishes } from './cpu.ts'
import { hugetlbWishes } from './hugetlb.ts'
import { memoryWishes } from './memory.ts'
import { netClassWishes, netPriorityWishes } from './network.ts'
import { pidsWishes } from './pids.ts'
import { rdmaWishes } from './rdma.ts'
import type { OciResources } from './resources.ts'
import { unifiedWrites } from './unified.ts'
import { granted, type Place, type Wish } from './wish.ts'

export interface ResourceOptions {
  /**
   * Reads a file of the group the writes are for, which lives already: an update. Without it the group is new, its
   * controllers unlimited.
   */
  readonly current?: ReadGroupFile | undefined
  /**
   * Whether groups of a hierarchy have a file, where that is known (see `groupHasFile`). It tells a new v2 group's
   * `io.bfq.weight` from `io.weight`.
   */
  readonly has?: ((mount: string, file: string) => boolean) | undefined
}

type Part = (resources: OciResources, place: Place) => readonly Wish[]

const part =
  <Key extends keyof OciResources>(
    key: Key,
    wishes: (value: NonNullable<OciResources[Key]>, place: Place) => readonly Wish[],
  ): Part =>
  (resources, place) => {
    const value = resources[key]
    return value === undefined ? [] : wishes(value, place)
  }

/** cpuset first, because nothing can join a v1 group before it; pids last, so that nothing else depends on it. */
const PARTS: readonly (readonly [Controller, Part])[] = [
  ['cpuset', part('cpu', cpusetWishes)],
  ['cpu', part('cpu', cpuWishes)],
  ['memory', part('memory', memoryWishes)],
  ['io', part('blockIO', blkioWishes)],
  ['hugetlb', part('hugepageLimits', hugetlbWishes)],
  ['rdma', part('rdma', rdmaWishes)],
  ['net_cls', part('network', netClassWishes)],
  ['net_prio', part('network', netPriorityWishes)],
  ['pids', part('pids', pidsWishes)],
]

const placeOf = (host: CgroupHost, controller: Controller, options: ResourceOptions): Place => {
  const home = controllerHome(host, controller)
  if (home === undefined) return { version: 2, has: () => undefined }
  const { current, has } = options
  const read = current && ((file: string) => current(home.mount, file))
  return {
    version: home.version,
    read,
    has: file => (read === undefined ? has?.(home.mount, file) : read(file) !== undefined),
  }
}

/**
 * The writes for an OCI `linux.resources`, apart from its devices, in an order the kernel accepts (runtime-spec,
 * config-linux.md, "Control groups"). `knob` is the field's JSON path. Pure.
 *
 * What would change nothing is left out: an absent field, 0 where 0 means "as it is", and in a new group what lifts a
 * limit. These need no controller either. Everything else is written or refused.
 *
 * @throws TsboxError ERR_TSBOX_CONTROLLER for a field this host cannot enforce, ERR_TSBOX_SPEC for a value a field cannot
 *   have; `step` is the field
 */
export const resourceWrites = (
  host: CgroupHost,
  resources: OciResources,
  options: ResourceOptions = {},
): readonly LimitWrite[] => [
  ...PARTS.flatMap(([controller, wishes]) => {
    const place = placeOf(host, controller, options)
    const home = controllerHome(host, controller)
    return granted(wishes(resources, place), { controller, home, place })
  }),
  ...unifiedWrites(host, resources.unified ?? {}),
]
