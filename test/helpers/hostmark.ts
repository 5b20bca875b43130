import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * A file of the host, outside every root, known by its whole path: a process in a box that can stat it has escaped.
 * It lies in the test's own directory, so nothing is ever put at the top of the host.
 */
export const hostmark = (dir: string): string => {
  mkdirSync(dir, { recursive: true })
  const path = join(dir, 'hostmark')
  writeFileSync(path, '')
  return path
}

/** Paths under which a process would see the mark if its working directory, or a descriptor, were of the host. */
export const climbs = (mark: string): readonly string[] => {
  const up = '../'.repeat(32)
  return [mark, `${up}${mark.slice(1)}`]
}
