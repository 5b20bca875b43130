import { type CgroupHost, type Controller, controllerHome } from './host.ts'

/** A counter in a group's file of `key number` lines. */
export interface Counter {
  readonly kind: 'oom' | 'memory-high' | 'pids-limit'
  readonly mount: string
  readonly file: string
  readonly key: string
}

const COUNTERS: readonly {
  readonly kind: Counter['kind']
  readonly controller: Controller
  readonly key: string
  /** The file on v1 and on v2; undefined where that version does not count this. */
  readonly files: readonly [v1: string | undefined, v2: string]
}[] = [
  { kind: 'oom', controller: 'memory', key: 'oom_kill', files: ['memory.oom_control', 'memory.events'] },
  { kind: 'memory-high', controller: 'memory', key: 'high', files: [undefined, 'memory.events'] },
  { kind: 'pids-limit', controller: 'pids', key: 'max', files: ['pids.events', 'pids.events'] },
]

/** The counters on this host whose growth is an event of a group. */
export const eventCounters = (host: CgroupHost): readonly Counter[] =>
  COUNTERS.flatMap(({ kind, controller, key, files }) => {
    const home = controllerHome(host, controller)
    const file = home === undefined ? undefined : files[home.version - 1]
    return home === undefined || file === undefined ? [] : [{ kind, mount: home.mount, file, key }]
  })

/**
 * The counters that, when not zero at the end, mean that a limit changed what the group's programs could do, so
 * that whoever started them should hear of it: a process was killed for memory, or a fork was refused. (Being slowed
 * down at `memory.high` is what that limit is for.)
 */
export const notableCounters = (host: CgroupHost): readonly Counter[] =>
  eventCounters(host).filter(({ kind }) => kind !== 'memory-high')
