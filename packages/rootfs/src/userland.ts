import { lstatSync, readlinkSync, statSync } from 'node:fs'

/** What of the host makes up its userland. */
export interface Userland {
  /** Top-level directories with programs and libraries: /usr, and on hosts that have not merged them /bin, /lib… */
  readonly trees: readonly string[]
  /** Top-level links such as bin → usr/bin, on hosts that have merged them. */
  readonly links: readonly (readonly [name: string, target: string])[]
  /** Directories and files of /etc that the dynamic linker, name lookups and TLS read. */
  readonly etc: readonly (readonly [path: string, isDirectory: boolean])[]
}

const TOP = ['usr', 'bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'] as const

/** No secrets: /etc/ssl/private, /etc/shadow and everything not listed stay out. */
const ETC = [
  'alternatives',
  'ca-certificates',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'localtime',
  'nsswitch.conf',
  'os-release',
  'pki/ca-trust',
  'pki/tls/certs',
  'protocols',
  'resolv.conf',
  'services',
  'ssl/certs',
  'ssl/openssl.cnf',
] as const

/** Looks at the host's top level and /etc: a few lstat calls. These paths are the host's own, not a box's. */
export const readUserland = (): Userland => {
  const trees: string[] = []
  const links: [string, string][] = []
  for (const name of TOP) {
    const stat = lstatSync(`/${name}`, { throwIfNoEntry: false })
    if (stat?.isSymbolicLink()) links.push([name, readlinkSync(`/${name}`)])
    else if (stat?.isDirectory()) trees.push(name)
  }
  const etc: [string, boolean][] = []
  for (const path of ETC) {
    const stat = statSync(`/etc/${path}`, { throwIfNoEntry: false })
    if (stat !== undefined) etc.push([path, stat.isDirectory()])
  }
  return { trees, links, etc }
}
