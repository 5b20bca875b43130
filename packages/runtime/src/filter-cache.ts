import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/** Compiled filters. In /run: a new boot may be a new kernel, and what nobody asks for again goes with it. */
export const FILTER_CACHE = '/run/tsbox-cache/seccomp'

const MAGIC = 'tsboxBPF'
const HEADER = 24
const INSTRUCTION = 8
const LONGEST_PROGRAM = 4096 * INSTRUCTION
/** From here on a new file takes the place of the older half. */
const MOST_FILES = 64

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants

/**
 * The program kept for `identity`, if there is one that can be trusted: in a directory and a file that only root can
 * write, whole, and made for exactly this identity.
 */
export const readFilter = (directory: string, identity: string): Buffer | undefined => {
  try {
    if (!isTrusted(directory)) return undefined
    const key = keyOf(identity)
    const fd = openSync(join(directory, nameOf(key)), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    try {
      return isOwn(fstatSync(fd)) && fstatSync(fd).isFile() ? programIn(readFileSync(fd), key) : undefined
    } finally {
      closeSync(fd)
    }
  } catch {
    return undefined
  }
}

/** Keeps a program. That it cannot be kept is no error: it is compiled again next time. */
export const writeFilter = (directory: string, identity: string, program: Buffer): void => {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    if (!isTrusted(directory)) return
    makeRoom(directory)
    const key = keyOf(identity)
    const temporary = join(directory, `new-${process.pid}-${process.hrtime.bigint()}`)
    try {
      writeNew(temporary, Buffer.concat([headerOf(key, program), key, program]))
      renameSync(temporary, join(directory, nameOf(key)))
    } finally {
      rmSync(temporary, { force: true })
    }
  } catch {
    // A full or read-only file system, say.
  }
}

const writeNew = (path: string, bytes: Buffer): void => {
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    writeFileSync(fd, bytes)
  } finally {
    closeSync(fd)
  }
}

const headerOf = (key: Buffer, program: Buffer): Buffer => {
  const header = Buffer.alloc(HEADER)
  header.write(MAGIC, 'latin1')
  header.writeUInt32LE(key.length, 8)
  header.writeUInt32LE(program.length, 12)
  header.writeBigUInt64LE(fold(program), 16)
  return header
}

/** Root's own (or, without root, the caller's) and not for others to write. */
const isOwn = ({ uid, mode }: Stats): boolean =>
  (uid === 0 || uid === process.geteuid?.()) && (mode & 0o022) === 0

const isTrusted = (directory: string): boolean =>
  [directory, dirname(directory)].every(path => {
    const stat = lstatSync(path)
    return stat.isDirectory() && isOwn(stat)
  })

const programIn = (file: Buffer, key: Buffer): Buffer | undefined => {
  if (file.length < HEADER || file.toString('latin1', 0, 8) !== MAGIC) return undefined
  const start = HEADER + file.readUInt32LE(8)
  const program = file.subarray(start)
  const whole =
    program.length === file.readUInt32LE(12) &&
    program.length > 0 &&
    program.length <= LONGEST_PROGRAM &&
    program.length % INSTRUCTION === 0
  return whole && key.equals(file.subarray(HEADER, start)) && fold(program) === file.readBigUInt64LE(16)
    ? program
    : undefined
}

/** Padded, so that what follows it in a file is aligned. */
const keyOf = (identity: string): Buffer => {
  const bytes = Buffer.byteLength(identity)
  const key = Buffer.alloc(Math.ceil(bytes / INSTRUCTION) * INSTRUCTION, ' ')
  key.write(identity)
  return key
}

const nameOf = (key: Buffer): string => fold(key).toString(16).padStart(16, '0')

/**
 * 64 bits of the bytes, to tell files apart and to see damage. Nothing rests on its strength, the whole key is compared;
 * a hash that had to withstand an attacker would take as long as all of the rest of reading a filter.
 */
const fold = (bytes: Buffer): bigint => {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2)
  let a = 0x811c9dc5
  let b = words.length
  for (const word of words) {
    a = Math.imul(a ^ word, 0x0100_0193)
    a ^= a >>> 15
    b = Math.imul(b + word, 0x85eb_ca6b)
    b ^= b >>> 13
  }
  return (BigInt(a >>> 0) << 32n) | BigInt(b >>> 0)
}

const makeRoom = (directory: string): void => {
  const paths = readdirSync(directory).map(name => join(directory, name))
  if (paths.length < MOST_FILES) return
  const byAge = paths
    .map(path => ({ path, time: lstatSync(path).mtimeMs }))
    .sort((one, other) => one.time - other.time)
  for (const { path } of byAge.slice(0, MOST_FILES / 2)) rmSync(path, { force: true })
}
