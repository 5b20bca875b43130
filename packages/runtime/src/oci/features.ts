import { existsSync } from 'node:fs'
import { detectHost } from '@tsbox/cgroups'
import { OCI_VERSION } from '@tsbox/plan'
import { CAPABILITIES, HOOK_KINDS, MOUNT_OPTIONS, NAMESPACE_TYPES, SECCOMP_WORDS } from '@tsbox/spec'

/**
 * What tsbox can do of the specification (runtime-spec, features.md and features-linux.md). `enabled` says that it is built in, not
 * that this host has it, where the specification means that.
 */
export const features = (): Readonly<Record<string, unknown>> => ({
  ociVersionMin: '1.0.0',
  ociVersionMax: OCI_VERSION,
  hooks: [...HOOK_KINDS],
  mountOptions: [...MOUNT_OPTIONS],
  linux: {
    namespaces: [...NAMESPACE_TYPES].sort(),
    capabilities: CAPABILITIES.map(name => `CAP_${name}`),
    cgroup: { ...cgroupVersions(), systemd: true, systemdUser: false, rdma: true },
    seccomp: { enabled: true, ...SECCOMP_WORDS },
    apparmor: { enabled: true },
    selinux: { enabled: true },
    intelRdt: { enabled: false },
    memoryPolicy: { modes: [], flags: [] },
    mountExtensions: { idmap: { enabled: true } },
    netDevices: { enabled: true },
  },
  annotations: { 'org.tsbox.oci.kernel.seccomp': String(existsSync('/proc/sys/kernel/seccomp')) },
  // With --systemd-cgroup they set properties of a unit, as programs it starts (CVE-2024-3154): an engine must not take them from an image.
  potentiallyUnsafeConfigAnnotations: ['org.systemd.property.'],
})

const cgroupVersions = () => {
  const { mode } = detectHost()
  return { v1: true, v2: true, hybrid: mode === 'hybrid' }
}
