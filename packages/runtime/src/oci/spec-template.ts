import { MASKED_PATHS, OCI_VERSION, READ_ONLY_PATHS } from '@tsbox/plan'
import { DEFAULT_CAPABILITIES, DEFAULTS, type OciConfig } from '@tsbox/spec'

const MOUNTS: NonNullable<OciConfig['mounts']> = [
  { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
  {
    destination: '/dev',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
  },
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
  },
  {
    destination: '/dev/shm',
    type: 'tmpfs',
    source: 'shm',
    options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'],
  },
  {
    destination: '/dev/mqueue',
    type: 'mqueue',
    source: 'mqueue',
    options: ['nosuid', 'noexec', 'nodev'],
  },
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
  {
    destination: '/sys/fs/cgroup',
    type: 'cgroup',
    source: 'cgroup',
    options: ['nosuid', 'noexec', 'nodev', 'relatime', 'ro'],
  },
]

/** Without root: /sys is the host's, shown read-only, because a new one would need a network of one's own; and there is one user only. */
const rootlessMounts = (mounts: typeof MOUNTS): typeof MOUNTS =>
  mounts
    .filter(({ type }) => type !== 'cgroup')
    .map(mount =>
      mount.type === 'sysfs'
        ? {
            destination: '/sys',
            type: 'none',
            source: '/sys',
            options: ['rbind', 'nosuid', 'noexec', 'nodev', 'rro'],
          }
        : mount.type === 'devpts'
          ? { ...mount, options: mount.options?.filter(option => option !== 'gid=5') ?? [] }
          : mount,
    )

const capabilities = DEFAULT_CAPABILITIES.map(name => `CAP_${name}`)

/**
 * A configuration to begin with: what a box of `tsbox run` has, in the form of a `config.json`.
 *
 * @param rootless the user it is for, when that is not root
 */
export const specTemplate = (rootless?: { readonly uid: number; readonly gid: number }): OciConfig => ({
  ociVersion: OCI_VERSION,
  process: {
    terminal: true,
    user: { uid: 0, gid: 0 },
    args: ['sh'],
    env: [`PATH=${DEFAULTS.path}`, 'TERM=xterm'],
    cwd: '/',
    capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    rlimits: [{ type: 'RLIMIT_CORE', hard: 0, soft: 0 }],
    noNewPrivileges: true,
  },
  root: { path: 'rootfs', readonly: true },
  hostname: DEFAULTS.hostname,
  mounts: rootless === undefined ? MOUNTS : rootlessMounts(MOUNTS),
  linux: {
    ...(rootless === undefined
      ? { resources: { devices: [{ allow: false, access: 'rwm' }], pids: { limit: DEFAULTS.pids } } }
      : {
          uidMappings: [{ containerID: 0, hostID: rootless.uid, size: 1 }],
          gidMappings: [{ containerID: 0, hostID: rootless.gid, size: 1 }],
        }),
    namespaces: [
      { type: 'pid' },
      ...(rootless === undefined ? [{ type: 'network' } as const] : []),
      { type: 'ipc' },
      { type: 'uts' },
      { type: 'mount' },
      { type: 'cgroup' },
      ...(rootless === undefined ? [] : [{ type: 'user' } as const]),
    ],
    maskedPaths: [...MASKED_PATHS],
    readonlyPaths: [...READ_ONLY_PATHS],
  },
})
