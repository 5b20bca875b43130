import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

const PROBE = join(import.meta.dirname, '..', '..', 'build', 'test', 'probe')

/** The static program that answers what a box looks like from inside; `make build-tests` makes it. */
export const probe = (): string => {
  if (existsSync(PROBE)) return PROBE
  throw new Error('build/test/probe is missing: run `make build-tests`')
}

/** A root file system that holds /bin/probe and nothing else. */
export const probeRootfs = (dir: string): string => {
  mkdirSync(join(dir, 'bin'), { recursive: true })
  copyFileSync(probe(), join(dir, 'bin', 'probe'))
  return dir
}
