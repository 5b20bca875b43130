import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const CAPABILITIES = ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE']
const MASKED = ['/proc/acpi', '/proc/kcore', '/proc/keys', '/proc/timer_list', '/proc/scsi', '/sys/firmware']
const READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']

const mount = (destination: string, type: string, options: readonly string[]) => ({
  destination,
  type,
  source: type,
  options: ['nosuid', ...options],
})

const MOUNTS = [
  { ...mount('/proc', 'proc', []), options: [] },
  mount('/dev', 'tmpfs', ['strictatime', 'mode=755', 'size=65536k']),
  mount('/dev/pts', 'devpts', ['noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620']),
  mount('/dev/shm', 'tmpfs', ['noexec', 'nodev', 'mode=1777', 'size=65536k']),
  mount('/sys', 'sysfs', ['noexec', 'nodev', 'ro']),
]

export type Bundle = {
  readonly dir: string
  /** The root filesystem, absolute. */
  readonly root: string
  readonly args: readonly string[]
  /** One path component; the runtime creates it in every hierarchy. */
  readonly cgroup: string
}

/** The shape `runc spec` prints, plus limits; without a cgroup mount. OCI runtime specification 1.0, config.md. */
const config = ({ root, args, cgroup }: Bundle) => ({
  ociVersion: '1.0.2',
  process: {
    terminal: false,
    user: { uid: 0, gid: 0 },
    args,
    env: ['PATH=/bin'],
    cwd: '/',
    capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
    rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 }],
    noNewPrivileges: true,
  },
  root: { path: root, readonly: false },
  hostname: 'bench',
  mounts: MOUNTS,
  linux: {
    cgroupsPath: `/${cgroup}`,
    resources: {
      devices: [{ allow: false, access: 'rwm' }],
      memory: { limit: 268_435_456 },
      pids: { limit: 64 },
      cpu: { quota: 100_000, period: 100_000 },
    },
    namespaces: ['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'].map(type => ({ type })),
    maskedPaths: MASKED,
    readonlyPaths: READ_ONLY,
  },
})

/** Writes an OCI bundle and returns its directory. */
export const writeBundle = (bundle: Bundle): string => {
  mkdirSync(bundle.dir, { recursive: true })
  writeFileSync(join(bundle.dir, 'config.json'), JSON.stringify(config(bundle)))
  return bundle.dir
}
