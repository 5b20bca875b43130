/** One file or directory of an initramfs. */
export interface CpioEntry {
  /** Without a leading slash. */
  readonly path: string
  /** File type and permission bits, as in `st_mode`. */
  readonly mode: number
  readonly content?: Uint8Array
}

/** `st_mode` of the two kinds an initramfs of ours holds. */
export const CPIO_DIRECTORY = 0o040755
export const CPIO_EXECUTABLE = 0o100755

const MAGIC = '070701'

/** Packs entries, in order, as the "newc" archive of the kernel's `initramfs/buffer-format` document. */
export function packCpio(entries: readonly CpioEntry[]): Buffer {
  const records = entries.map((entry, index) => record(entry, index + 1))
  return Buffer.concat([...records, record({ path: 'TRAILER!!!', mode: 0 }, 0)])
}

function record({ path, mode, content = new Uint8Array() }: CpioEntry, inode: number): Buffer {
  const name = Buffer.from(`${path}\0`)
  const links = 1
  const fields = [inode, mode, 0, 0, links, 0, content.length, 0, 0, 0, 0, name.length, 0]
  const header = Buffer.from(MAGIC + fields.map(field => field.toString(16).padStart(8, '0')).join(''))
  return Buffer.concat([padded(Buffer.concat([header, name])), padded(content)])
}

function padded(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)])
}
