import { type CgroupHost, CONTROLLERS, type Controller, controllerHome, missingController } from './host.ts'
import type { Limits } from './limits.ts'
import { type NormalLimits, normalLimits } from './normal.ts'
import { writesV1 } from './writes-v1.ts'
import { writesV2 } from './writes-v2.ts'

/** One write of a group's limits: `value` into `<mount><group's path>/<file>`. */
export interface LimitWrite {
  /** The controller; for a raw file its name's first word, which may be one this package has no limits for. */
  readonly controller: string
  readonly version: 1 | 2
  readonly mount: string
  readonly file: string
  readonly value: string
  /** The limit it comes from, as its place in `Limits`. */
  readonly knob: string
}

/** cpuset first, because nothing can join a v1 group before it; pids last, so that nothing else depends on it. */
const ORDER: readonly Controller[] = ['cpuset', 'cpu', 'memory', 'io', 'hugetlb', 'pids']

/** v1 and v2 differ in files, not in whether a limit is wanted: the v2 rows name what is asked for. */
const firstKnob = (controller: Controller, limits: NormalLimits): string | undefined =>
  writesV2[controller]?.(limits)[0]?.knob

const rowsOf = (host: CgroupHost, controller: Controller, limits: NormalLimits): readonly LimitWrite[] => {
  const knob = firstKnob(controller, limits)
  if (knob === undefined) return []
  const home = controllerHome(host, controller)
  if (home === undefined) throw missingController(controller, knob)
  const rows = (home.version === 1 ? writesV1 : writesV2)[controller]?.(limits) ?? []
  return rows.map(row => ({ ...row, ...home }))
}

const rawRows = (host: CgroupHost, raw: NormalLimits['raw']): readonly LimitWrite[] =>
  raw.map(([file, value]) => {
    const controller = file.slice(0, file.indexOf('.'))
    const tree = host.unified
    if (tree === undefined || (controller !== 'cgroup' && !tree.controllers.includes(controller))) {
      throw missingController(controller === 'cgroup' ? 'cgroup v2' : `${controller} (v2)`, `raw["${file}"]`)
    }
    return { controller, version: 2, mount: tree.mount, file, value, knob: `raw["${file}"]` }
  })

/**
 * The writes that put limits on a new group, in an order the kernel accepts. Pure: a file that only some kernels have
 * (`cpu.cfs_burst_us`, `io.weight`) is found missing when it is written, and whoever writes it then reports the `knob`.
 *
 * @throws TsboxError ERR_TSBOX_SPEC or ERR_TSBOX_SIZE for a value a limit cannot have; ERR_TSBOX_CONTROLLER when this
 *   host cannot enforce one of them. `step` is the limit's place.
 */
export const limitWrites = (host: CgroupHost, limits: Limits): readonly LimitWrite[] => {
  const normal = normalLimits(limits)
  return [...ORDER.flatMap(controller => rowsOf(host, controller, normal)), ...rawRows(host, normal.raw)]
}

/** The controllers a list of writes needs in a group, in a fixed order. */
export const controllersOf = (writes: readonly LimitWrite[]): readonly Controller[] =>
  CONTROLLERS.filter(name => writes.some(write => write.controller === name))
