import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * A directory of the host that no box is given. It holds what attackers of other engines aimed at: a file, a
 * directory, a secret, a FIFO, and files with the names of devices.
 */
export const canary = (dir: string): string => {
  mkdirSync(join(dir, 'inner'), { recursive: true })
  for (const name of ['file', 'ptmx', 'null', 'console', 'inner/file']) writeFileSync(join(dir, name), name)
  writeFileSync(join(dir, 'secret'), 'the secret of the canary', { mode: 0o600 })
  execFileSync('mkfifo', [join(dir, 'fifo')])
  return dir
}

/** Everything of a tree that an attack could change. Two of these are equal when nobody touched it. */
export const canaryState = (dir: string): readonly string[] =>
  ['.', ...below(dir, '')].sort().map(name => {
    const path = join(dir, name)
    const s = lstatSync(path, { bigint: true })
    const content = s.isFile()
      ? createHash('sha256').update(readFileSync(path)).digest('hex')
      : s.isSymbolicLink()
        ? readlinkSync(path)
        : ''
    return `${name} mode=${s.mode.toString(8)} owner=${s.uid}:${s.gid} ino=${s.ino} links=${s.nlink} mtime=${s.mtimeNs} rdev=${s.rdev} ${content}`
  })

/** What is planted may be a link to anywhere, which readdir's own recursion would follow. */
const below = (dir: string, at: string): string[] =>
  readdirSync(join(dir, at), { withFileTypes: true }).flatMap(entry => {
    const name = join(at, entry.name)
    return entry.isDirectory() ? [name, ...below(dir, name)] : [name]
  })
