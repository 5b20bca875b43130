import { join } from 'node:path'
import { removeCgroups } from './cgroup-sweep.ts'
import { type Contender, IDLE } from './contender.ts'
import { docker, podman } from './engines.ts'
import { environment, TAG } from './environment.ts'
import { which } from './executables.ts'
import type { Fixture } from './fixture.ts'
import { ociLife, ociRuntime, withoutUnifiedTree } from './oci.ts'

const always = () => undefined
const SLEEP = ['/bin/sleep', '100000'] as const

const nodes = ({ node, dir, floor, root }: Fixture): readonly Contender[] => [
  {
    name: 'node',
    about: 'bare node empty.cjs',
    whyMissing: always,
    command: () => [node, join(dir, 'empty.cjs')],
  },
  {
    name: 'node-execve',
    about: 'node that becomes a static true (process.execve)',
    whyMissing: always,
    command: () => [node, join(dir, 'execve.cjs')],
  },
  {
    name: 'floor-bare',
    about: 'C: fork, exec, wait of a static true',
    whyMissing: always,
    command: () => [floor, 'bare', join(dir, 'true'), 'true'],
  },
  {
    name: 'floor',
    about: 'C floor: 7 namespaces, overlay, proc, sysfs, dev, cgroups',
    whyMissing: always,
    command: () => [floor, 'full', root, '/bin/true'],
    idle: () => [floor, 'full', root, ...IDLE],
    payload: IDLE,
    cleanup: () => removeCgroups(environment.FLOOR_NAME ?? TAG),
  },
]

const tsboxes = ({ tsbox, root }: Fixture): readonly Contender[] => {
  const whyMissing = () =>
    tsbox === undefined ? 'not built: make install PREFIX=build/bench-prefix' : undefined
  const start = (...args: readonly string[]) => [tsbox ?? 'tsbox', 'run', ...args]
  return [
    {
      name: 'tsbox',
      about: "tsbox run, the host's own userland as root",
      whyMissing,
      command: () => start('--', '/bin/true'),
      idle: () => start('--', ...SLEEP),
      payload: SLEEP,
    },
    {
      name: 'tsbox-rootfs',
      about: 'tsbox run --rootfs',
      whyMissing,
      command: () => start('--rootfs', root, '--', '/bin/true'),
      idle: () => start('--rootfs', root, '--', ...IDLE),
      payload: IDLE,
    },
  ]
}

const bubblewrap = ({ root }: Fixture): Contender => {
  const binary = which('bwrap')
  const view = ['--unshare-all', '--die-with-parent', '--bind', root, '/', '--proc', '/proc', '--dev', '/dev']
  return {
    name: 'bwrap',
    about: 'bwrap --unshare-all (no cgroup)',
    whyMissing: () => (binary === undefined ? 'not installed' : undefined),
    command: () => [binary ?? 'bwrap', ...view, '/bin/true'],
    idle: () => [binary ?? 'bwrap', ...view, ...IDLE],
    payload: IDLE,
  }
}

const unshare = ({ root }: Fixture): Contender => {
  const binary = which('unshare')
  return {
    name: 'unshare',
    about: 'unshare -mpfu chroot (no mounts, no cgroup, no network)',
    whyMissing: () => (binary === undefined ? 'not installed' : undefined),
    command: () => [binary ?? 'unshare', '-mpfu', 'chroot', root, '/bin/true'],
  }
}

/** Everyone who can be in the run, in the order of the table. */
export const contenders = (fixture: Fixture): readonly Contender[] => [
  ...nodes(fixture),
  ...tsboxes(fixture),
  unshare(fixture),
  bubblewrap(fixture),
  ociRuntime(fixture, 'crun', {
    about: 'crun run',
    flags: ['--cgroup-manager=cgroupfs'],
    surroundings: withoutUnifiedTree(),
  }),
  ociRuntime(fixture, 'runc', { about: 'runc run', flags: [] }),
  ociLife(fixture, 'tsbox', { path: fixture.tsbox, flags: [] }),
  ociLife(fixture, 'crun', {
    path: which('crun'),
    flags: ['--cgroup-manager=cgroupfs'],
    surroundings: withoutUnifiedTree(),
  }),
  ociLife(fixture, 'runc', { path: which('runc'), flags: [] }),
  docker(fixture),
  podman(fixture),
]
