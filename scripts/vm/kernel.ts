import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { $ } from 'zx'

/** A kernel unpacked into the cache, never installed on this system. */
export interface Kernel {
  /** As `uname -r` prints it. */
  readonly version: string
  readonly image: string
  /** Holds `lib/modules/<version>`, with the indexes depmod(8) makes. */
  readonly root: string
}

const META_PACKAGE = 'linux-image-cloud-amd64'

/** The cached kernel, fetched from the distribution's archive the first time. */
export async function ensureKernel(cache: string, scratch: string): Promise<Kernel> {
  const root = join(cache, 'kernel')
  if (!existsSync(root)) await unpackKernel(join(scratch, 'kernel'), root)
  const version = (await readdir(join(root, 'lib/modules'))).at(-1)
  if (version === undefined) throw new Error(`no kernel modules below ${root}: remove it and run again`)
  return { version, image: join(root, `boot/vmlinuz-${version}`), root }
}

async function unpackKernel(work: string, destination: string): Promise<void> {
  await mkdir(join(work, 'root'), { recursive: true })
  const name = await kernelPackage()
  process.stderr.write(`vm: fetching ${name}\n`)
  const sh = $({ cwd: work, quiet: true })
  await sh`apt-get -o APT::Sandbox::User=root download ${name}`
  await sh`dpkg-deb --fsys-tarfile *.deb | tar -x -C root ./boot ./lib/modules`
  const [version] = await readdir(join(work, 'root/lib/modules'))
  await sh`depmod -b root ${version ?? ''}`
  await rename(join(work, 'root'), destination)
}

/** The versioned package behind the meta package. */
async function kernelPackage(): Promise<string> {
  const query = () => $({ quiet: true, nothrow: true })`apt-cache depends --no-recommends ${META_PACKAGE}`
  let { stdout } = await query()
  if (!/Depends:/.test(stdout)) {
    await $({ quiet: true })`apt-get update`
    stdout = (await query()).stdout
  }
  const name = /Depends:\s*(linux-image-\S+)/.exec(stdout)?.[1]
  if (name === undefined) throw new Error(`the package archive has no ${META_PACKAGE}`)
  return name
}

/**
 * The module files that give `names`, dependencies first, as insmod must see them.
 *
 * @returns absolute paths; a module built into the kernel is left out
 */
export async function moduleFiles(kernel: Kernel, names: readonly string[]): Promise<readonly string[]> {
  const directory = join(kernel.root, 'lib/modules', kernel.version)
  const needs = new Map<string, readonly string[]>()
  for (const line of (await readFile(join(directory, 'modules.dep'), 'utf8')).split('\n')) {
    const [file, dependencies] = line.split(':')
    if (file !== undefined && dependencies !== undefined)
      needs.set(file, dependencies.split(' ').filter(Boolean))
  }
  const fileOf = new Map([...needs.keys()].map(file => [basename(file).replace(/\.ko.*$/, ''), file]))
  const ordered = new Set<string>()
  const add = (file: string): void => {
    if (ordered.has(file)) return
    for (const dependency of needs.get(file) ?? []) add(dependency)
    ordered.add(file)
  }
  for (const name of names) {
    const file = fileOf.get(name)
    if (file !== undefined) add(file)
  }
  return [...ordered].map(file => join(directory, file))
}
