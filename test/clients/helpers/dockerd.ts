import { mkdirSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CommandOptions, Outcome } from '../../helpers/command.ts'
import type { Live } from '../../helpers/live-box.ts'
import { fileFromDocument } from './document.ts'
import { ARCHIVE, makeImage } from './images.ts'
import { type Machine, withMachine } from './machine.ts'

/** A Docker daemon in a machine of its own, whose default runtime is the one under test. */
export interface Dockerd {
  readonly machine: Machine
  /** `docker ARGS…` to its end. */
  readonly docker: (args: readonly string[], options?: CommandOptions) => Promise<Outcome>
  /** `docker ARGS…` that goes on; standard input stays open. */
  readonly start: (args: readonly string[]) => Live
  /** `docker ARGS…` in a terminal of 24 rows and 80 columns. */
  readonly inTerminal: (args: readonly string[]) => Live
  /** A field of a container, an image or another thing, as `docker inspect --format` prints it. */
  readonly inspect: (name: string, format: string) => Promise<string>
  /** Ends the daemon; what happens to its containers is the daemon's own policy. */
  readonly kill: (signal: 'SIGTERM' | 'SIGKILL') => Promise<void>
  /** Starts the daemon again, with the same flags. */
  readonly resume: () => Promise<void>
  /** What the daemon has written so far, for a test that failed. */
  readonly log: () => string
}

export interface DockerdOptions {
  /** More flags for the daemon. */
  readonly flags?: readonly string[]
  /** /etc/docker/daemon.json; the one of the document if not given. */
  readonly config?: string
  /** A script for sh that runs in the machine before the daemon does. */
  readonly prepare?: string
}

const PATIENCE = 60_000

/** Starts a daemon in the machine and waits until it answers and has the image of these tests. */
export const startDockerd = async (machine: Machine, options: DockerdOptions = {}): Promise<Dockerd> => {
  mkdirSync(machine.path('/etc/docker'), { recursive: true })
  writeFileSync(
    machine.path('/etc/docker/daemon.json'),
    options.config ?? fileFromDocument('/etc/docker/daemon.json'),
  )
  const prepared = await machine.sh(options.prepare ?? 'true')
  if (prepared.status !== 0) throw new Error(`${options.prepare}: ${prepared.stderr}`)
  const [daemon] = await Promise.all([launch(machine, options.flags ?? []), makeImage(machine)])
  let current = daemon
  const docker: Dockerd['docker'] = (args, how) =>
    machine.run(['docker', ...args], { patience: PATIENCE, ...how })
  const kill: Dockerd['kill'] = async signal => {
    await machine.sh(`kill -${signal.slice(3)} "$(cat /run/docker.pid)"`)
    await current.ended
  }
  const loaded = await docker(['load', '-q', '-i', ARCHIVE])
  if (loaded.status !== 0) throw new Error(`docker load: ${loaded.stderr}`)
  return {
    machine,
    docker,
    kill,
    start: args => machine.start(['docker', ...args]),
    inTerminal: args => machine.inTerminal(['docker', ...args]),
    inspect: async (name, format) => (await docker(['inspect', '--format', format, name])).stdout.trim(),
    resume: async () => {
      current = await launch(machine, options.flags ?? [])
    },
    log: () => notable(current.stderr()),
  }
}

/** The daemon's words without those it has at the end of every container. */
const notable = (log: string): string =>
  log
    .split('\n')
    .filter(line => !/level=info|shim disconnected|cleanup warnings/.test(line))
    .join('\n')

const launch = async (machine: Machine, flags: readonly string[]): Promise<Live> => {
  const daemon = machine.start(['dockerd', '--log-level', 'warn', '--storage-driver', 'overlay2', ...flags], {
    patience: 3_600_000,
  })
  const end = Date.now() + PATIENCE
  while (daemon.child.exitCode === null && Date.now() < end) {
    if ((await machine.run(['docker', 'version', '--format', '{{.Server.Version}}'])).status === 0)
      return daemon
    await sleep(100)
  }
  throw new Error(`dockerd does not answer: ${daemon.stderr().slice(-4000)}`)
}

/**
 * Runs the body with a daemon of its own and ends all of it afterwards, however the body ends. Each call has its own machine, so
 * containers can also be timed with it.
 */
export const withDockerd = async <T>(
  options: DockerdOptions,
  body: (docker: Dockerd) => Promise<T>,
): Promise<T> => withMachine(async machine => body(await startDockerd(machine, options)))
