import { mkdirSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { CommandOptions, Outcome } from '../../helpers/command.ts'
import type { Live } from '../../helpers/live-box.ts'
import { fileFromDocument } from './document.ts'
import { ARCHIVE, IMAGE, makeImage } from './images.ts'
import { type Machine, withMachine } from './machine.ts'
import { whyNotRunnable } from './packages.ts'
import { machineResidue, NO_RESIDUE } from './residue.ts'

/** podman in a machine of its own, whose runtime is the one under test. */
export interface Podman {
  readonly machine: Machine
  /** `podman ARGS…` to its end. */
  readonly podman: (args: readonly string[], options?: CommandOptions) => Promise<Outcome>
  /** `podman run --rm --network none OPTIONS… IMAGE PROGRAM…` to its end. */
  readonly run: (
    options: readonly string[],
    program: readonly string[],
    how?: CommandOptions,
  ) => Promise<Outcome>
  /** `podman ARGS…` in a terminal of 24 rows and 80 columns. */
  readonly inTerminal: (args: readonly string[]) => Live
  /** A field of a container as `podman inspect --format` prints it. */
  readonly inspect: (name: string, format: string) => Promise<string>
}

export interface PodmanTest extends Podman {
  readonly t: Test
  /** `podman run -d --network none --name NAME OPTIONS… IMAGE PROGRAM…`; the test fails when it does not start. */
  readonly detach: (name: string, options?: readonly string[], program?: readonly string[]) => Promise<void>
}

export interface PodmanSuite {
  readonly podman: Podman
  readonly test: (title: string, body: (podman: PodmanTest) => Promise<void>) => Promise<void>
}

/** What a machine without systemd, whose hard limits cannot be raised, needs beside the document's lines. */
const MACHINE_CONF = `[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]

[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"

[network]
network_backend = "netavark"
`

export const writePodmanConfig = (machine: Machine): void => {
  mkdirSync(machine.path('/etc/containers/containers.conf.d'), { recursive: true })
  const file = '/etc/containers/containers.conf'
  writeFileSync(machine.path(file), fileFromDocument(file))
  writeFileSync(machine.path(`${file}.d/machine.conf`), MACHINE_CONF)
}

const PATIENCE = 60_000

/** podman as root with the image of these tests. */
export const startPodman = async (machine: Machine): Promise<Podman> => {
  writePodmanConfig(machine)
  await makeImage(machine)
  const podman: Podman['podman'] = (args, how) =>
    machine.run(['podman', ...args], { patience: PATIENCE, ...how })
  const loaded = await podman(['load', '-q', '-i', ARCHIVE])
  if (loaded.status !== 0) throw new Error(`podman load: ${loaded.stderr}`)
  return {
    machine,
    podman,
    run: (options, program, how) =>
      podman(['run', '--rm', '-i', '--network', 'none', ...options, IMAGE, ...program], how),
    inTerminal: args => machine.inTerminal(['podman', ...args]),
    inspect: async (name, format) => (await podman(['inspect', '--format', format, name])).stdout.trim(),
  }
}

export const NEEDED_FOR_PODMAN = [
  'podman',
  'conmon',
  'iptables',
  'ip',
  'tini',
  'busybox',
  'catatonit',
  'nsenter',
  'script',
]

/** Tests of one file in one machine. Each test's containers and pods are removed after it; at the end nothing may be left. */
export const podmanTests = async (body: (suite: PodmanSuite) => Promise<void>): Promise<void> => {
  t.setTimeout(300_000)
  const why = whyNotRunnable(NEEDED_FOR_PODMAN)
  if (why !== undefined) return void t.plan(0, why)
  await withMachine(async machine => {
    const podman = await startPodman(machine)
    await body({ podman, test: (title, inner) => oneTest(podman, title, inner) })
    // The group of a pod is podman's, which leaves it in hierarchies that it does not know.
    const left = await machineResidue(machine, { engine: ['aardvark-dns'], groups: /libpod-[0-9a-f]{64}/ })
    t.same(left, NO_RESIDUE, 'containers that were removed have left nothing')
  })
}

const oneTest = async (podman: Podman, title: string, body: (podman: PodmanTest) => Promise<void>) => {
  await t.test(title, async test => {
    const detach: PodmanTest['detach'] = async (name, options = [], program = []) => {
      const network = options.includes('--network') ? [] : ['--network', 'none']
      const started = await podman.podman([
        'run',
        '-d',
        '--name',
        name,
        ...network,
        ...options,
        IMAGE,
        ...program,
      ])
      test.equal(started.status, 0, `${name} starts ${started.stderr}`)
    }
    try {
      await body({ ...podman, t: test, detach })
    } finally {
      const pods = await podman.podman(['pod', 'rm', '-a', '-f', '-t', '0'])
      const rest = await podman.podman(['rm', '-a', '-f', '-v', '-t', '0'])
      test.equal(pods.status || rest.status, 0, `its containers can be removed ${pods.stderr}${rest.stderr}`)
    }
  })
}
