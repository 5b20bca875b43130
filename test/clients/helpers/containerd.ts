import { mkdirSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { CommandOptions, Outcome } from '../../helpers/command.ts'
import type { Live } from '../../helpers/live-box.ts'
import { ARCHIVE, IMAGE, makeImage } from './images.ts'
import { type Machine, withMachine } from './machine.ts'
import { whyNotRunnable } from './packages.ts'
import { machineResidue, NO_RESIDUE } from './residue.ts'

/** The path at which containerd is told to find the runtime under test. */
export const RUNTIME_PATH = '/usr/local/bin/tsbox'

/** containerd in a machine of its own, at its usual places, with the image of these tests. */
export interface Containerd {
  readonly machine: Machine
  /** `ctr ARGS…` to its end. */
  readonly ctr: (args: readonly string[], options?: CommandOptions) => Promise<Outcome>
  /** `ctr run --runc-binary TSBOX OPTIONS… IMAGE ID PROGRAM…` to its end. */
  readonly run: (options: readonly string[], id: string, program?: readonly string[]) => Promise<Outcome>
  /** `ctr ARGS…` in a terminal of 24 rows and 80 columns. */
  readonly inTerminal: (args: readonly string[]) => Live
}

export interface ContainerdSuite {
  readonly containerd: Containerd
  readonly test: (title: string, body: (t: Test) => Promise<void>) => Promise<void>
}

export interface ContainerdOptions {
  /** /etc/containerd/config.toml. */
  readonly config: string
  /** ctr's namespace to import the image into; its own default if not given. */
  readonly namespace?: string
}

/** Without the plugin for Kubernetes, which `ctr` does not need. */
export const CTR_CONFIG = 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n'

const startContainerd = async (machine: Machine, options: ContainerdOptions): Promise<Containerd> => {
  const { config, namespace = 'default' } = options
  mkdirSync(machine.path('/etc/containerd'), { recursive: true })
  writeFileSync(machine.path('/etc/containerd/config.toml'), config)
  const daemon = machine.start(['containerd', '--log-level', 'warn'], { patience: 3_600_000 })
  const ctr: Containerd['ctr'] = (args, how) => machine.run(['ctr', '-n', namespace, ...args], how)
  await makeImage(machine)
  for (const end = Date.now() + 30_000; (await ctr(['version'])).status !== 0; await sleep(100))
    if (daemon.child.exitCode !== null || Date.now() > end)
      throw new Error(`containerd does not answer: ${daemon.stderr().slice(-4000)}`)
  const imported = await ctr(['images', 'import', ARCHIVE])
  if (imported.status !== 0) throw new Error(`ctr images import: ${imported.stderr}`)
  return {
    machine,
    ctr,
    run: (flags, id, program = []) =>
      ctr(['run', '--runc-binary', RUNTIME_PATH, ...flags, IMAGE, id, ...program]),
    inTerminal: args => machine.inTerminal(['ctr', '-n', namespace, ...args]),
  }
}

export const NEEDED_FOR_CONTAINERD = [
  'containerd',
  'ctr',
  'containerd-shim-runc-v2',
  'ip',
  'tini',
  'busybox',
  'nsenter',
  'script',
]

/** Runs the body with a daemon of its own and ends all of it afterwards, however the body ends. */
export const withContainerd = async <T>(
  options: ContainerdOptions,
  body: (containerd: Containerd) => Promise<T>,
): Promise<T> => withMachine(async machine => body(await startContainerd(machine, options)))

/** Tests of one file with one daemon. Containers are named `box…`; at the end nothing of them may be left. */
export const containerdTests = async (
  options: ContainerdOptions,
  body: (suite: ContainerdSuite) => Promise<void>,
): Promise<void> => {
  t.setTimeout(240_000)
  const why = whyNotRunnable(NEEDED_FOR_CONTAINERD)
  if (why !== undefined) return void t.plan(0, why)
  await withContainerd(options, async containerd => {
    await body({ containerd, test: async (title, inner) => void (await t.test(title, inner)) })
    const ids = /\bbox|\/k8s\.io\/[0-9a-f]{64}|^[0-9a-f]{64}$/
    t.same(
      await machineResidue(containerd.machine, { engine: ['containerd'], ids }),
      NO_RESIDUE,
      'nothing is left',
    )
  })
}
