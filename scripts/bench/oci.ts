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

/** A runtime as the bench uses it: where it keeps its state, and a bundle for each of its containers. */
const runtimeIn = (
  fixture: Fixture,
  { name, path, flags }: { name: string; path: string | undefined; flags: readonly string[] },
) => {
  const state = join(fixture.dir, `${name}-state`)
  const words = [path ?? name, '--root', state, ...flags]
  const bundle = (args: readonly string[], slot: number): { readonly dir: string; readonly id: string } => {
    const id = `${TAG}-${name}-${slot}`
    const dir = join(fixture.dir, 'bundles', id)
    if (!existsSync(dir)) writeBundle({ dir, root: fixture.root, args, cgroup: id })
    return { dir, id }
  }
  const cleanup = (): void => {
    const left = existsSync(state) ? readdirSync(state).filter(id => id.startsWith(TAG)) : []
    const [file = '', ...args] = words
    for (const id of left) spawnSync(file, [...args, 'delete', '--force', id])
    removeCgroups(`${TAG}-${name}-`)
  }
  return { words, bundle, cleanup, whyMissing: () => (path === undefined ? 'not installed' : undefined) }
}

/** An OCI runtime in the foreground, with a private state directory and its cgroupfs manager. */
export const ociRuntime = (
  fixture: Fixture,
  name: string,
  { about, flags, surroundings = [] }: Options,
): Contender => {
  const { words, bundle, cleanup, whyMissing } = runtimeIn(fixture, { name, path: which(name), flags })
  const start = (args: readonly string[], slot: number): readonly string[] => {
    const { dir, id } = bundle(args, slot)
    return [...words, 'run', '--bundle', dir, id]
  }
  return {
    name,
    about,
    whyMissing,
    command: () => start(['/bin/true'], 0),
    idle: slot => start(IDLE, slot + 1),
    payload: IDLE,
    surroundings,
    cleanup,
  }
}

/** What an engine has a runtime do with a container: three commands, each a process. The last one ends what may still run. */
const LIFE = `"$@" create --bundle "$DIR" "$ID" </dev/null >/dev/null 2>&1 && "$@" start "$ID" && "$@" delete --force "$ID"`

/** The life of a container by a runtime's verbs. Its idle containers are left to themselves, as under an engine. */
export const ociLife = (
  fixture: Fixture,
  runtime: string,
  { path, flags, surroundings = [] }: { path: string | undefined } & Omit<Options, 'about'>,
): Contender => {
  const name = `${runtime}-life`
  const { words, bundle, cleanup, whyMissing } = runtimeIn(fixture, { name, path, flags })
  return {
    name,
    about: `${runtime} create, start, delete`,
    whyMissing,
    command: () => {
      const { dir, id } = bundle(['/bin/true'], 0)
      return ['/usr/bin/env', `DIR=${dir}`, `ID=${id}`, '/bin/sh', '-c', LIFE, 'sh', ...words]
    },
    detached: slot => {
      const { dir, id } = bundle(IDLE, slot + 1)
      return [...words, 'run', '--detach', '--bundle', dir, id]
    },
    surroundings,
    cleanup,
  }
}
