import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { listGroups } from './cgroup-trees.ts'
import type { Machine } from './machine.ts'

/** What containers can leave in a machine while its engine goes on. */
export interface MachineResidue {
  /** Names of programs that are neither the machine's own nor the engine's. */
  readonly programs: readonly string[]
  readonly mounts: readonly string[]
  readonly groups: readonly string[]
  /** Files and directories below /run that are named after a container. */
  readonly state: readonly string[]
}

export const NO_RESIDUE: MachineResidue = { programs: [], mounts: [], groups: [], state: [] }

export interface ResidueOptions {
  /** Programs that are meant to run on. */
  readonly engine: readonly string[]
  /** What the name of a container's mounts and state looks like; 64 hexadecimal digits if not given. */
  readonly ids?: RegExp
  /** What the name of a container's group looks like, if it is more than that. */
  readonly groups?: RegExp
}

/** The machine's keeper and its process 1. */
const OWN = ['tini', 'cat']

const listed = (dir: string) => {
  try {
    return readdirSync(dir, { withFileTypes: true })
  } catch {
    return [] // it has gone meanwhile
  }
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return '' // it has gone meanwhile
  }
}

/** The names of all programs that run in the machine. */
export const programsIn = (machine: Machine): readonly string[] =>
  listed(machine.path('/proc'))
    .filter(({ name }) => /^\d+$/.test(name))
    .map(({ name }) => read(machine.path(`/proc/${name}/comm`)).trim())
    .filter(comm => comm !== '')
    .sort()

/** Network namespaces that an engine has given a name, and mounts below its directories. */
const NETWORKS = /\/run\/(docker\/)?netns\/(?!default|1-|lb_|ingress)/

const namedBelow = (dir: string, ids: RegExp, depth = 8): readonly string[] =>
  listed(dir).flatMap(entry => {
    const path = join(dir, entry.name)
    if (ids.test(entry.name)) return [path]
    return entry.isDirectory() && depth > 0 ? namedBelow(path, ids, depth - 1) : []
  })

const look = (
  machine: Machine,
  { engine, ids = /[0-9a-f]{64}/, groups = ids }: ResidueOptions,
): MachineResidue => {
  const run = machine.path('/run')
  const skipped = /^\/(image|machine)\//
  return {
    programs: programsIn(machine).filter(comm => ![...OWN, ...engine].includes(comm)),
    mounts: read(machine.path('/proc/1/mountinfo'))
      .split('\n')
      .filter(line => ids.test(line) || NETWORKS.test(line)),
    groups: listGroups(machine.name).filter(path => groups.test(path)),
    state: namedBelow(run, ids)
      .map(path => path.slice(run.length))
      .filter(path => !skipped.test(path)),
  }
}

/** Waits, up to a bound, until no container has left anything; returns the last look. */
export const machineResidue = async (
  machine: Machine,
  options: ResidueOptions,
  patience = 15_000,
): Promise<MachineResidue> => {
  const end = Date.now() + patience
  for (;;) {
    const now = look(machine, options)
    if (Object.values(now).every(left => left.length === 0) || Date.now() > end) return now
    await sleep(50)
  }
}
