import { type Check, id, list, oneOf, shown, whole } from './check.ts'
import type { OciDevice } from './config.ts'
import { configError } from './config-error.ts'
import { absolutePath, normalPath } from './inside-path.ts'
import { record } from './record.ts'

/** What the kernel keeps of a device's numbers (mknod(2)); more would name another device. */
const MAJOR_END = 2 ** 12 - 1
const MINOR_END = 2 ** 20 - 1

/** The type of a file in its mode, which some engines leave in (inode(7)). */
const TYPE_BITS = { c: 0o20000, u: 0o20000, b: 0o60000, p: 0o10000 } as const

const fields = record<OciDevice>({
  fields: {
    type: oneOf(['c', 'b', 'u', 'p']),
    path: (value, path) => node(absolutePath(value, path), path),
    major: whole(0, MAJOR_END),
    minor: whole(0, MINOR_END),
    fileMode: whole(0, 0o177777),
    uid: id,
    gid: id,
  },
  required: ['type', 'path'],
})

const node = (path: string, where: string): string => {
  if (!/(^|\/)\.{0,2}$/.test(path)) return normalPath(path)
  throw configError(where, `${shown(path)} names no file`, 'Give the path of the device, such as /dev/fuse.')
}

/** One device; its path is in one form, its mode without the type of the file. */
const device: Check<OciDevice> = (value, path) => {
  const { fileMode, ...read } = fields(value, path)
  for (const number of ['major', 'minor'] as const) {
    if (read.type !== 'p' && read[number] === undefined)
      throw configError(`${path}.${number}`, 'is missing', 'Every device but a FIFO has two numbers.')
  }
  if (fileMode === undefined) return read
  const bits = fileMode & 0o170000
  if (bits === 0 || bits === TYPE_BITS[read.type as keyof typeof TYPE_BITS])
    return { ...read, fileMode: fileMode & 0o7777 }
  throw configError(
    `${path}.fileMode`,
    `${fileMode} is the mode of another type of file`,
    'Give permissions, at most 4095 (octal 7777).',
  )
}

/** `linux.devices` (config-linux.md, "Devices"). */
export const devices: Check<readonly OciDevice[]> = list(device)
