import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { CPIO_DIRECTORY, CPIO_EXECUTABLE, type CpioEntry, packCpio } from './cpio.ts'
import { type Kernel, moduleFiles } from './kernel.ts'

/** What must be loaded before the disks and the output ports exist. */
const BOOT_MODULES = [
  'virtio_ring',
  'virtio',
  'virtio_pci_legacy_dev',
  'virtio_pci_modern_dev',
  'virtio_pci',
  'virtio_blk',
  'virtio_console',
]

export interface InitramfsRequest {
  readonly kernel: Kernel
  /** A statically linked busybox. */
  readonly busybox: string
  /** Where the guest mounts the checkout; the command's working directory. */
  readonly checkout: string
  readonly command: readonly string[]
}

/** The first userland: busybox, the boot modules, our two guest scripts, and the command as a script. */
export async function buildInitramfs(request: InitramfsRequest): Promise<Buffer> {
  const modules = await moduleFiles(request.kernel, BOOT_MODULES)
  const file = async (path: string, source: string): Promise<CpioEntry> => ({
    path,
    mode: CPIO_EXECUTABLE,
    content: await readFile(source),
  })
  const text = (path: string, content: string): CpioEntry => ({
    path,
    mode: CPIO_EXECUTABLE,
    content: Buffer.from(content),
  })
  return packCpio([
    ...['bin', 'dev', 'modules', 'newroot', 'vm'].map(path => ({ path, mode: CPIO_DIRECTORY })),
    await file('bin/busybox', request.busybox),
    await file('init', join(import.meta.dirname, 'guest-init.sh')),
    await file('vm/run.sh', join(import.meta.dirname, 'guest-run.sh')),
    text('vm/checkout', `${request.checkout}\n`),
    text('vm/command.sh', `cd ${quote(request.checkout)} && exec ${request.command.map(quote).join(' ')}\n`),
    text('vm/modules', modules.map(module => `/modules/${basename(module)}\n`).join('')),
    ...(await Promise.all(modules.map(module => file(`modules/${basename(module)}`, module)))),
  ])
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
