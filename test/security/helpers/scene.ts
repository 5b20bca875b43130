import { copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { attack } from '../../helpers/attack.ts'
import { canary, canaryState } from '../../helpers/canary.ts'
import type { Outcome } from '../../helpers/command.ts'
import { hostmark } from '../../helpers/hostmark.ts'
import { jsonText, scriptRootfs } from '../../oci/helpers/bundle.ts'
import { baseConfig, type Json, merged } from '../../oci/helpers/config.ts'
import type { Oci, Options } from '../../oci/helpers/oci-test.ts'

/** A root file system that is hostile, and what lies outside of it. */
export interface Scene {
  readonly rootfs: string
  /** A directory of the host with files that attacks aim at. */
  readonly bird: string
  /** The state of the canary at the beginning. */
  readonly before: readonly string[]
  /** A file of the host, by its whole path. */
  readonly mark: string
  /** The canary as a link in the root could name it: absolute, relative, from far below, or over a second link. */
  readonly ways: readonly string[]
  /** Puts a link into the root, in the place of whatever is there. */
  readonly plant: (name: string, target: string) => void
  /** Makes a bundle of a container with this root. */
  readonly bundle: (over?: Json) => { readonly id: string; readonly dir: string }
  /** A whole container with this root. */
  readonly run: (over?: Json, options?: Options) => Promise<Outcome>
  /** A container with this root, created and started; its program goes on. */
  readonly start: (over?: Json, options?: Options) => Promise<string>
  /** What the canary has lost or gained. */
  readonly changes: () => readonly string[]
}

/** The root has the probe, the attacks and a shell. */
export const sceneOf = (oci: Oci): Scene => {
  const bird = canary(join(oci.dir, 'outside', 'canary'))
  const rootfs = scriptRootfs(join(oci.dir, 'rootfs'))
  copyFileSync(attack(), join(rootfs, 'bin', 'attack'))
  symlinkSync(bird, join(rootfs, 'hop'))
  const before = canaryState(bird)
  const bundle: Scene['bundle'] = (over = {}) => {
    const id = oci.id()
    const dir = join(oci.dir, `bundle-${id}`)
    mkdirSync(dir)
    const config = merged(merged(baseConfig(`/${oci.marker}/${id}`), { root: { path: rootfs } }), over)
    writeFileSync(join(dir, 'config.json'), jsonText(config))
    return { id, dir }
  }
  return {
    rootfs,
    bird,
    before,
    mark: hostmark(join(oci.dir, 'outside')),
    ways: [bird, relative(rootfs, bird), `${'../'.repeat(20)}${bird.slice(1)}`, 'hop'],
    plant: (name, target) => plantLink(join(rootfs, name), target),
    bundle,
    run: (over, options) => {
      const { id, dir } = bundle(over)
      return oci.tsbox(['run', '--bundle', dir, id], options)
    },
    start: async (over, options) => {
      const { id, dir } = bundle(over)
      await oci.ok(['create', '--bundle', dir, id], options)
      await oci.ok(['start', id])
      return id
    },
    changes: () => {
      const after = canaryState(bird)
      return [
        ...before.filter(line => !after.includes(line)),
        ...after.filter(line => !before.includes(line)),
      ]
    },
  }
}

export const plantLink = (path: string, target: string): void => {
  rmSync(path, { recursive: true, force: true })
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(target, path)
}

/** `process` of a configuration that runs this program. */
export const program = (...args: readonly string[]): Json => ({ process: { args } })

/** The value of a line of /proc/PID/status. */
export const statusField = (text: string, name: string): string | undefined =>
  new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(text)?.[1]?.trim()
