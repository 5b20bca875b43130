import { spawnSync } from 'node:child_process'
import type { Contender } from './contender.ts'
import { TAG } from './environment.ts'
import { which } from './executables.ts'
import type { Fixture } from './fixture.ts'

const answers = (binary: string, args: readonly string[]): boolean =>
  spawnSync(binary, args, { stdio: 'ignore', timeout: 10_000 }).status === 0

/** docker with its daemon; the root filesystem is imported as an image for the time of the run. */
export const docker = (fixture: Fixture): Contender => {
  const binary = which('docker')
  const image = `${TAG}:latest`
  const run = [
    'run',
    '--rm',
    '--network',
    'none',
    '--memory',
    '256m',
    '--pids-limit',
    '64',
    image,
    '/bin/true',
  ]
  return {
    name: 'docker',
    about: 'docker run --rm --network none',
    whyMissing: () => {
      if (binary === undefined) return 'not installed'
      return answers(binary, ['version']) ? undefined : 'installed, but no daemon answers: not measured'
    },
    command: () => [binary ?? 'docker', ...run],
    prepare: () => {
      const script = 'tar -C "$1" -c . | "$2" import - "$3"'
      spawnSync('/bin/sh', ['-c', script, 'sh', fixture.root, binary ?? 'docker', image], { stdio: 'ignore' })
    },
    cleanup: () => {
      spawnSync(binary ?? 'docker', ['rmi', image], { stdio: 'ignore' })
    },
  }
}

/** podman straight on the root filesystem. */
export const podman = (fixture: Fixture): Contender => {
  const binary = which('podman')
  const limits = ['--memory', '256m', '--pids-limit', '64']
  return {
    name: 'podman',
    about: 'podman run --rm --network none --rootfs',
    whyMissing: () => {
      if (binary === undefined) return 'not installed'
      return answers(binary, ['info']) ? undefined : 'installed, but `podman info` fails: not measured'
    },
    command: () => [
      binary ?? 'podman',
      ...['run', '--rm', '--network', 'none', ...limits, '--rootfs', fixture.root, '/bin/true'],
    ],
  }
}
