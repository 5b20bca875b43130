import { lstat, readdir, readlink, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { $ } from 'zx'
import { dependencyClosure, type InstalledPackage, installedPackages } from './packages.ts'

/** What the guest's userland is made of, besides the essential packages. The host needs them too. */
export const GUEST_PACKAGES = [
  'acl',
  'attr',
  'busybox-static',
  'ca-certificates',
  'iproute2',
  'kmod',
  'libcap2-bin',
  'libseccomp2',
  'libstdc++6',
  'linux-libc-dev',
  'make',
  'mount',
  'nftables',
  'passwd',
  'procps',
  'psmisc',
  'strace',
  'util-linux',
  'xz-utils',
  'zstd',
]

/** Taken along when the host has them: a test that needs one says so itself when it is absent. */
export const OPTIONAL_GUEST_PACKAGES = ['bubblewrap', 'crun', 'iptables', 'python3-minimal', 'runc', 'umoci']

const LEFT_OUT = /^\/usr\/(share\/(doc|man|info|locale|i18n|bash-completion|lintian|bug)|src)\//

/** The packages of the guest's userland with all they depend on, as installed on this host. */
export async function guestPackages(): Promise<readonly InstalledPackage[]> {
  const installed = await installedPackages()
  const essential = [...installed.values()].filter(p => p.essential).map(p => p.name)
  return dependencyClosure(installed, [...essential, ...GUEST_PACKAGES, ...OPTIONAL_GUEST_PACKAGES])
}

/** Every path of the userland on this host, parents in no particular order, symbolic links in directories resolved. */
export async function userlandPaths(packages: readonly InstalledPackage[]): Promise<readonly string[]> {
  const names = packages.map(p => p.name)
  const { stdout } = await $({ quiet: true })`dpkg-query -L ${names}`
  const paths = new Set(['/bin', '/sbin', '/lib', '/lib64', ...ACCOUNT_FILES])
  const resolved = new Map<string, Promise<string>>()
  for (const line of new Set(stdout.split('\n'))) {
    if (!line.startsWith('/') || line === '/.' || LEFT_OUT.test(line)) continue
    const parent = dirname(line)
    const real = resolved.get(parent) ?? realpath(parent).catch(() => parent)
    resolved.set(parent, real)
    paths.add(join(await real, basename(line)))
  }
  for (const path of await alternatives(paths)) paths.add(path)
  return keepExisting(paths)
}

/** Made by maintainer scripts, so no package lists them. */
const ACCOUNT_FILES = ['/etc/passwd', '/etc/group', '/etc/nsswitch.conf', '/etc/shells', '/etc/localtime']

/** Commands reached through update-alternatives(1), such as `awk`, whose target is among `paths`. */
async function alternatives(paths: ReadonlySet<string>): Promise<readonly string[]> {
  const found: string[] = []
  for (const directory of ['/usr/bin', '/usr/sbin']) {
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      if (!entry.isSymbolicLink()) continue
      const link = join(directory, entry.name)
      const alternative = await readlink(link)
      if (!alternative.startsWith('/etc/alternatives/')) continue
      const target = await realpath(link).catch(() => '')
      if (paths.has(target)) found.push(link, alternative)
    }
  }
  return found
}

async function keepExisting(paths: ReadonlySet<string>): Promise<readonly string[]> {
  const checked = await Promise.all(
    [...paths].map(path =>
      lstat(path).then(
        () => [path],
        () => [],
      ),
    ),
  )
  return checked.flat().sort()
}
