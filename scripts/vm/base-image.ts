import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { link, mkdir, readdir, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { $, which } from 'zx'
import { makeExt4 } from './ext4.ts'
import type { Kernel } from './kernel.ts'
import type { InstalledPackage } from './packages.ts'
import { GUEST_PACKAGES, guestPackages, OPTIONAL_GUEST_PACKAGES, userlandPaths } from './userland.ts'

export interface BaseImageRequest {
  readonly cache: string
  readonly scratch: string
  readonly checkout: string
  readonly kernel: Kernel
}

/** The guest's root: userland, kernel modules, npm and the checkout's dependencies; made again when any of them changes. */
export async function ensureBaseImage(request: BaseImageRequest): Promise<string> {
  const packages = await guestPackages()
  const image = join(request.cache, `base-${await fingerprint(request, packages)}.ext4`)
  if (!existsSync(image)) await makeBaseImage(request, packages, image)
  // A name of our own: another run may find its ingredients changed and remove the cached one.
  const own = join(request.scratch, 'base.ext4')
  await link(image, own)
  return own
}

async function makeBaseImage(
  request: BaseImageRequest,
  packages: readonly InstalledPackage[],
  image: string,
): Promise<void> {
  const started = performance.now()
  const absent = OPTIONAL_GUEST_PACKAGES.filter(name => !packages.some(p => p.name === name))
  process.stderr.write(
    `vm: making the guest's userland${absent.length > 0 ? ` (without ${absent.join(', ')})` : ''}\n`,
  )
  const stage = join(request.scratch, 'base')
  const made = join(request.scratch, 'base-new.ext4')
  await stageBase(request, packages, stage)
  await makeExt4({ from: stage, to: made, freeMiB: 2048 })
  await rm(stage, { recursive: true })
  await removeImages(request.cache)
  await rename(made, image)
  process.stderr.write(`vm: made it in ${((performance.now() - started) / 1000).toFixed(1)} s\n`)
}

async function fingerprint(
  request: BaseImageRequest,
  packages: readonly InstalledPackage[],
): Promise<string> {
  const hash = createHash('sha256')
  for (const file of ['base-image.ts', 'userland.ts', 'ext4.ts'])
    hash.update(await readFile(join(import.meta.dirname, file)))
  hash.update(await readFile(join(request.checkout, 'node_modules/.package-lock.json')))
  hash.update(
    JSON.stringify([GUEST_PACKAGES, request.kernel.version, packages.map(p => [p.name, p.version])]),
  )
  return hash.digest('hex').slice(0, 16)
}

async function stageBase(
  { checkout, kernel }: BaseImageRequest,
  packages: readonly InstalledPackage[],
  stage: string,
): Promise<void> {
  await mkdir(join(stage, 'opt/node_modules'), { recursive: true })
  const sh = $({ quiet: true })
  const paths = await userlandPaths(packages)
  await sh({ input: paths.map(path => `.${path}\0`).join('') })`
    tar -C / -c --no-recursion --null -T - | tar -C ${stage} -xp`
  await sh`tar -C ${kernel.root} -c ./lib/modules | tar -C ${stage} -x --keep-directory-symlink`
  await sh`tar -C ${join(checkout, 'node_modules')} -c ${DEVELOPMENT_ONLY} . | tar -C ${join(stage, 'opt/node_modules')} -x`
  await stageNpm(stage)
  await writeFile(join(stage, 'etc/hostname'), 'tsbox-vm\n')
  await writeFile(join(stage, 'etc/hosts'), '127.0.0.1 localhost tsbox-vm\n::1 localhost\n')
  await writeFile(join(stage, 'etc/machine-id'), `${'0'.repeat(31)}1\n`)
  await sh`ldconfig -r ${stage}`
}

/** Formatters, bundlers and headers: no test runs them, and they are most of the bytes. */
const DEVELOPMENT_ONLY = [
  '--exclude=./@biomejs',
  '--exclude=./@turbo',
  '--exclude=./@esbuild',
  '--exclude=./node/node_modules/*/include',
]

/** The npm of this host, for `npx`; run by the guest's own Node. */
async function stageNpm(stage: string): Promise<void> {
  const npm = await which('npm', { nothrow: true })
  if (npm === null) return
  const root = dirname(dirname(await realpath(npm)))
  const home = 'usr/lib/node_modules'
  await mkdir(join(stage, home), { recursive: true })
  await $({
    quiet: true,
  })`tar -C ${root} -c --exclude=./man --exclude=./docs . | (mkdir ${join(stage, home, 'npm')} && tar -C ${join(stage, home, 'npm')} -x)`
  for (const name of ['npm', 'npx']) {
    await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, join(stage, 'usr/bin', name))
  }
}

async function removeImages(cache: string): Promise<void> {
  const old = (await readdir(cache)).filter(name => /^base-[0-9a-f]+\.ext4$/.test(name))
  for (const name of old) await rm(join(cache, name), { force: true })
}
