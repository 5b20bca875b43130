import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { basename } from 'node:path'
import { which } from './executables.ts'

/** What a reader needs to judge the numbers; it names nothing that identifies the machine. */
export type Machine = {
  readonly date: string
  readonly kernel: string
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  /** Of the last minute: what else ran while this was measured. */
  readonly load: number
  readonly system: string
  readonly cgroups: 'v1' | 'hybrid' | 'v2'
  readonly node: string
  readonly versions: Readonly<Record<string, string>>
}

const firstLine = (command: string, args: readonly string[]): string | undefined => {
  const path = which(command)
  if (path === undefined) return undefined
  return (
    spawnSync(path, args, { encoding: 'utf8', timeout: 10_000 }).stdout?.split('\n')[0]?.trim() ||
    `${basename(path)} of unknown version`
  )
}

const cgroupVersion = (): Machine['cgroups'] => {
  if (existsSync('/sys/fs/cgroup/cgroup.controllers')) return 'v2'
  return existsSync('/sys/fs/cgroup/unified/cgroup.procs') ? 'hybrid' : 'v1'
}

const systemName = (): string => {
  const text = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : ''
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(text)?.[1] ?? 'Linux'
}

const PEERS = ['bwrap', 'crun', 'runc', 'unshare', 'docker', 'podman']

export const describeMachine = (programs: {
  readonly node: string
  readonly tsbox: string | undefined
}): Machine => {
  const named = [
    ...PEERS.map(name => [name, name] as const),
    ['tsbox', programs.tsbox ?? '/nowhere'] as const,
  ]
  const versions = named.flatMap(([name, command]) => {
    const version = firstLine(command, ['--version'])
    return version === undefined ? [] : [[name, version] as const]
  })
  return {
    date: new Date().toISOString(),
    kernel: release(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    system: systemName(),
    cgroups: cgroupVersion(),
    node: firstLine(programs.node, ['--version']) ?? 'unknown',
    versions: Object.fromEntries(versions),
  }
}
