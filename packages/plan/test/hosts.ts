import type { CgroupHost } from '@tsbox/cgroups'
import { KERNEL, PROTOCOL } from '@tsbox/protocol'
import { type Host, type RootPlan, SLOTS } from '../src/index.ts'

const at = (name: string) => `/sys/fs/cgroup/${name}`

const V1: CgroupHost['v1'] = {
  cpu: at('cpu'),
  cpuacct: at('cpuacct'),
  cpuset: at('cpuset'),
  memory: at('memory'),
  devices: at('devices'),
  freezer: at('freezer'),
  io: at('blkio'),
  pids: at('pids'),
}

const V2 = ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids', 'rdma', 'misc']

/** Hosts that do not change with the machine a test runs on. */
export const CGROUPS = {
  v1: { mode: 'v1', v1: V1 },
  v2: { mode: 'v2', unified: { mount: '/sys/fs/cgroup', controllers: V2 }, v1: {} },
  hybrid: { mode: 'hybrid', unified: { mount: at('unified'), controllers: [] }, v1: V1 },
} as const satisfies Record<string, CgroupHost>

export type Mode = keyof typeof CGROUPS

export const MODES = ['v1', 'v2', 'hybrid'] as const satisfies readonly Mode[]

/** A host with 8 GiB of memory, a recent kernel and nothing special. */
export const hostOf = (mode: Mode, changes: Partial<Host> = {}): Host => ({
  cgroups: CGROUPS[mode],
  kernel: [6, 18],
  runDir: '/run/tsbox',
  memory: 8 * 2 ** 30,
  nofile: { soft: 1024, hard: 1048576 },
  capabilities: 2n ** 41n - 1n,
  timeNamespace: true,
  directories: new Set(),
  ...changes,
})

/** A root that is as simple as they come: a directory bound on itself, with one file to fill in. */
export const PLAIN_ROOT: RootPlan = {
  lock: [],
  stage: [
    { op: 'open', slot: SLOTS.place, path: '/images/one', flags: KERNEL.O_PATH | KERNEL.O_DIRECTORY },
    { op: 'openTree', slot: SLOTS.root, from: PROTOCOL.noSlot, path: '/images/one', recursive: 1 },
    { op: 'attach', mount: SLOTS.root, root: SLOTS.place, target: '.', make: 0, nofollow: 0 },
  ],
  fill: [{ op: 'makeFile', root: SLOTS.root, path: '/filled', mode: 0o644, data: 'in' }],
  teardown: [{ op: 'release', path: '/images/.one.tsbox-work/work' }],
}
