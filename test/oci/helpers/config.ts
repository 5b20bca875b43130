/** A part of a `config.json`, as plain JSON. */
export type Json = { readonly [field: string]: unknown }

const isPlain = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The first with the second over it: objects field by field, everything else as a whole; undefined removes a field. */
export const merged = (base: Json, over: Json): Json => {
  const fields = Object.entries({ ...base, ...over }).map(([key, value]): [string, unknown] => {
    const old = base[key]
    return [key, key in over && isPlain(old) && isPlain(value) ? merged(old, value) : value]
  })
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined))
}

/** Namespaces of the usual container: every kind but `user` and `time`. */
export const NAMESPACES: readonly Json[] = ['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'].map(type => ({
  type,
}))

export const PROC: Json = {
  destination: '/proc',
  type: 'proc',
  source: 'proc',
  options: ['nosuid', 'noexec', 'nodev'],
}

/** Mounts of the usual container. */
export const MOUNTS: readonly Json[] = [
  PROC,
  { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=64k'] },
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'],
  },
]

export const PATH = 'PATH=/sbin:/bin'

/** Capabilities of the usual container: enough for a shell script that looks around. */
export const CAPABILITIES = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
]

/** The usual container: it waits to be ended, and has nothing the test did not ask for. */
export const baseConfig = (cgroupsPath: string): Json => ({
  ociVersion: '1.2.0',
  process: {
    user: { uid: 0, gid: 0 },
    args: ['/bin/probe', 'pause'],
    env: [PATH],
    cwd: '/',
    noNewPrivileges: true,
    capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
  },
  root: { path: 'rootfs' },
  mounts: MOUNTS,
  linux: { namespaces: NAMESPACES, cgroupsPath },
})
