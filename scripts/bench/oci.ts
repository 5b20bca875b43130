import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeBundle } from './bundle.ts'
import { removeCgroups } from './cgroup-sweep.ts'
import { type Contender, IDLE } from './contender.ts'
import { TAG } from './environment.ts'
import { which } from './executables.ts'
import type { Fixture } from './fixture.ts'

type Options = {
  readonly about: string
  readonly flags: readonly string[]
  readonly surroundings?: readonly string[]
}

/**
 * crun 1.8 refuses a hybrid machine whose v2 tree has a controller. In a mount namespace of its own, where that tree
 * is not mounted, it takes the machine for v1.
 */
export const withoutUnifiedTree = (): readonly string[] => {
  const list = '/sys/fs/cgroup/unified/cgroup.controllers'
  if (!existsSync(list) || readFileSync(list, 'utf8').trim() === '') return []
  const hide = 'umount /sys/fs/cgroup/unified && exec "$0" "$@"'
  return [which('unshare') ?? 'unshare', '--mount', '--propagation', 'private', '/bin/sh', '-c', hide]
}

/** An OCI runtime in the foreground, with a private state directory and its cgroupfs manager. */
export const ociRuntime = (
  fixture: Fixture,
  name: string,
  { about, flags, surroundings = [] }: Options,
): Contender => {
  const state = join(fixture.dir, `${name}-state`)
  const binary = which(name)
  const start = (args: readonly string[], slot: number): readonly string[] => {
    const cgroup = `${TAG}-${name}-${slot}`
    const dir = join(fixture.dir, 'bundles', cgroup)
    if (!existsSync(dir)) writeBundle({ dir, root: fixture.root, args, cgroup })
    return [binary ?? name, '--root', state, ...flags, 'run', '--bundle', dir, cgroup]
  }
  return {
    name,
    about,
    whyMissing: () => (binary === undefined ? 'not installed' : undefined),
    command: () => start(['/bin/true'], 0),
    idle: slot => start(IDLE, slot + 1),
    payload: IDLE,
    surroundings,
    cleanup: () => {
      const left = existsSync(state) ? readdirSync(state).filter(id => id.startsWith(TAG)) : []
      for (const id of left) spawnSync(binary ?? name, ['--root', state, ...flags, 'delete', '--force', id])
      removeCgroups(`${TAG}-${name}-`)
    },
  }
}
