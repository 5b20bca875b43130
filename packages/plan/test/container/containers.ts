import { containerLayout, deviceProgram, deviceRules, deviceWritesV1, resourceWrites } from '@tsbox/cgroups'
import { checkCreate, type OciConfig, parseConfig } from '@tsbox/spec'
import type { ContainerInput } from '../../src/index.ts'
import { CGROUPS, type Mode } from '../hosts.ts'

type Json = Readonly<Record<string, unknown>>

const FILTER = { program: new Uint8Array(16), flags: 0, notify: false }

/** A configuration that uses about everything there is an operation for. */
export const FULL: Json = {
  ociVersion: '1.2.0',
  hostname: 'full',
  domainname: 'example.org',
  annotations: { 'org.example.key': 'value' },
  root: { path: 'rootfs', readonly: true },
  process: {
    args: ['/bin/sh', '-c', 'true'],
    env: ['PATH=/bin', 'A=1'],
    cwd: '/work',
    user: { uid: 1000, gid: 1000, additionalGids: [5, 6], umask: 0o27 },
    capabilities: {
      bounding: ['CAP_KILL', 'CAP_CHOWN'],
      effective: ['CAP_KILL'],
      permitted: ['CAP_KILL'],
      inheritable: ['CAP_KILL'],
      ambient: ['CAP_KILL'],
    },
    rlimits: [{ type: 'RLIMIT_NOFILE', soft: 64, hard: 128 }],
    noNewPrivileges: true,
    oomScoreAdj: 100,
    scheduler: { policy: 'SCHED_BATCH', nice: 3 },
    ioPriority: { class: 'IOPRIO_CLASS_BE', priority: 5 },
    execCPUAffinity: { initial: '0', final: '0-1' },
  },
  mounts: [
    { destination: '/proc', type: 'proc', source: 'proc' },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
    { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['newinstance'] },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['ro'] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro'] },
    { destination: '/data', type: 'bind', source: '/srv/data', options: ['rbind', 'rro', 'rslave'] },
    { destination: '/etc', type: 'tmpfs', source: 'tmpfs', options: ['tmpcopyup'] },
  ],
  hooks: Object.fromEntries(
    ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'].map(kind => [
      kind,
      [{ path: `/hooks/${kind}`, args: [kind, 'now'], env: ['A=1'], timeout: 5 }],
    ]),
  ),
  linux: {
    namespaces: ['pid', 'ipc', 'uts', 'mount', 'network', 'cgroup'].map(type => ({ type })),
    devices: [{ path: '/dev/fuse', type: 'c', major: 10, minor: 229, fileMode: 0o666, uid: 0, gid: 0 }],
    sysctl: { 'net.ipv4.ip_forward': '1' },
    maskedPaths: ['/proc/kcore'],
    readonlyPaths: ['/proc/sys'],
    rootfsPropagation: 'slave',
    personality: { domain: 'LINUX' },
    resources: { pids: { limit: 20 }, memory: { limit: 67_108_864 } },
  },
}

/** The least there can be. */
export const LEAST: Json = {
  ociVersion: '1.2.0',
  root: { path: 'rootfs' },
  process: { args: ['/bin/true'], cwd: '/', user: { uid: 0, gid: 0 } },
  linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }] },
}

/** `config` with the fields of its `linux` that are to differ. */
export const withLinux = (config: Json, linux: Json): Json => ({
  ...config,
  linux: { ...(config.linux as Json), ...linux },
})

export const configOf = (json: Json): OciConfig => parseConfig(JSON.stringify(json))

const GROUP = '/tsbox-oci/one'

const groupOf = (mode: Mode, { linux }: OciConfig): ContainerInput['group'] => {
  const host = CGROUPS[mode]
  const resources = linux.resources ?? {}
  const rules = deviceRules(resources.devices)
  return {
    path: GROUP,
    dirs: containerLayout(host, GROUP),
    writes: resourceWrites(host, resources, { has: () => true }),
    deviceWrites: mode === 'v2' ? [] : deviceWritesV1(rules),
    deviceProgram: mode === 'v2' ? deviceProgram(rules) : undefined,
  }
}

/** What a host makes of a configuration, for a host that does not change with the machine. */
export const inputOf = (
  json: Json,
  { cgroups = 'v2', ...over }: Partial<ContainerInput> & { readonly cgroups?: Mode } = {},
): ContainerInput => ({
  id: 'one',
  bundle: '/bundles/one',
  config: checkCreate(configOf(json)),
  rootPath: '/bundles/one/rootfs',
  stateDir: '/run/tsbox-oci/one',
  stateFiles: { 'container.json': '{}' },
  rootless: false,
  netDevices: [],
  group: groupOf(cgroups, configOf(json)),
  filter: FILTER,
  mode: 'create',
  newKeyring: true,
  noPivot: false,
  nofile: { soft: 1024, hard: 4096 },
  capabilities: 2n ** 41n - 1n,
  mapHelpers: undefined,
  handback: { argv: ['/usr/bin/node', '/tsbox.cjs', 'handback'], env: ['A=1'] },
  preserveFds: 0,
  ...over,
})
