import t, { type Test } from 'tap'
import type { CommandOptions, Outcome } from '../../helpers/command.ts'
import { type Dockerd, type DockerdOptions, withDockerd } from './dockerd.ts'
import { IMAGE } from './images.ts'
import { whyNotRunnable } from './packages.ts'
import { machineResidue, NO_RESIDUE } from './residue.ts'

/** What a test of Docker's containers gets besides tap's own. */
export interface DockerTest extends Dockerd {
  readonly t: Test
  /** `docker run --rm --network none OPTIONS… IMAGE PROGRAM…` to its end. */
  readonly run: (
    options: readonly string[],
    program: readonly string[],
    how?: CommandOptions,
  ) => Promise<Outcome>
  /** `docker run -d --name NAME OPTIONS… IMAGE PROGRAM…`, without a network if none is named; the test fails when it does not start. */
  readonly detach: (name: string, options?: readonly string[], program?: readonly string[]) => Promise<void>
}

export interface Suite {
  readonly docker: Dockerd
  readonly test: (title: string, body: (docker: DockerTest) => Promise<void>) => Promise<void>
}

export const NEEDED_FOR_DOCKER = [
  'dockerd',
  'docker',
  'containerd',
  'iptables',
  'ip',
  'tini',
  'busybox',
  'nsenter',
  'script',
]

/**
 * Tests of one file, with one daemon for all of them. Each test's containers are removed after it; at the end nothing of them
 * may be left beside the daemon, and nothing of the daemon on this host.
 */
export const dockerTests = async (
  options: DockerdOptions,
  body: (suite: Suite) => Promise<void>,
): Promise<void> => {
  t.setTimeout(300_000)
  const why = whyNotRunnable(NEEDED_FOR_DOCKER)
  if (why !== undefined) return void t.plan(0, why)
  await withDockerd(options, async docker => {
    await body({ docker, test: (title, inner) => oneTest(docker, title, inner) })
    const left = await machineResidue(docker.machine, { engine: ['dockerd', 'containerd'] })
    t.same(left, NO_RESIDUE, 'containers that were removed have left nothing beside the daemon')
    if (!t.passing()) t.comment(docker.log().slice(-6000))
  })
}

const oneTest = async (docker: Dockerd, title: string, body: (docker: DockerTest) => Promise<void>) => {
  await t.test(title, async test => {
    try {
      await body({ ...docker, t: test, run: runIn(docker), detach: detachIn(docker, test) })
    } finally {
      const all = (await docker.docker(['ps', '-aq'])).stdout.split('\n').filter(Boolean)
      if (all.length > 0) {
        const removed = await docker.docker(['rm', '-f', '-v', ...all])
        test.equal(removed.status, 0, `its containers can be removed ${removed.stderr}`)
      }
    }
  })
}

const runIn =
  ({ docker }: Dockerd): DockerTest['run'] =>
  (options, program, how) =>
    docker(['run', '--rm', '-i', '--network', 'none', ...options, IMAGE, ...program], how)

const detachIn =
  ({ docker }: Dockerd, test: Test): DockerTest['detach'] =>
  async (name, options = [], program = []) => {
    const network = options.includes('--network') ? [] : ['--network', 'none']
    const started = await docker(['run', '-d', '--name', name, ...network, ...options, IMAGE, ...program])
    test.equal(started.status, 0, `${name} starts ${started.stderr}`)
  }
