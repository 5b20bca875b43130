import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { probeRootfs } from '../../helpers/rootfs.ts'
import { baseConfig, type Json, merged } from './config.ts'

export interface Bundle {
  readonly dir: string
  readonly rootfs: string
  /** Writes `config.json` again: the usual one with this over it. */
  readonly write: (over: Json) => void
}

const BUSYBOX = '/usr/bin/busybox'

/** Programs of busybox that scripts of these tests use, as links in /bin. */
const PROGRAMS = [
  'sh',
  'cat',
  'echo',
  'env',
  'id',
  'ls',
  'mkdir',
  'mount',
  'ps',
  'rm',
  'sleep',
  'stat',
  'touch',
  'true',
  'uname',
]

/** A root with the probe, and a static busybox for scripts (package busybox-static). */
export const scriptRootfs = (dir: string): string => {
  probeRootfs(dir)
  if (!existsSync(BUSYBOX)) throw new Error(`${BUSYBOX} is missing: install busybox-static`)
  copyFileSync(BUSYBOX, join(dir, 'bin', 'busybox'))
  for (const name of PROGRAMS) {
    if (!existsSync(join(dir, 'bin', name))) symlinkSync('busybox', join(dir, 'bin', name))
  }
  return dir
}

/** JSON in which a bigint is a number with all its digits. */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? `bigint ${each}` : each)).replaceAll(
    /"bigint (\d+)"/g,
    '$1',
  )

/** Makes a bundle whose container has this group, counted from the top of each hierarchy. */
export const makeBundle = (dir: string, cgroupsPath: string): Bundle => {
  const rootfs = join(dir, 'rootfs')
  mkdirSync(rootfs, { recursive: true })
  scriptRootfs(rootfs)
  const base = baseConfig(cgroupsPath)
  return {
    dir,
    rootfs,
    write: over => writeFileSync(join(dir, 'config.json'), jsonText(merged(base, over))),
  }
}
