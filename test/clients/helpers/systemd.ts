import { join } from 'node:path'
import type { CommandOptions, Outcome } from '../../helpers/command.ts'
import { HIERARCHIES } from './cgroup-trees.ts'
import type { Argv, Machine } from './machine.ts'
import { eventuallyAsync } from './patience.ts'

export const NEEDED_FOR_SYSTEMD = ['systemctl', 'busctl', 'systemd-run', 'dbus-daemon', 'pgrep'] as const

/** systemd as the first process of a pid namespace in a machine: what a host that was booted with it offers. */
export interface Systemd {
  /** Runs a program as a service manager's children run, in a scope of its own. */
  readonly run: (argv: Argv, options?: CommandOptions) => Promise<Outcome>
  /** Properties of a unit, as systemctl(1) shows them. */
  readonly show: (unit: string, ...properties: string[]) => Promise<string>
  readonly systemctl: (...words: string[]) => Promise<Outcome>
}

/** Starts systemd, which ends with the machine. */
export const startSystemd = async (machine: Machine): Promise<Systemd> => {
  const trees = HIERARCHIES.map(({ mount, type, options }) => `${type} ${options || '-'} ${mount}`)
  const live = machine.start(['sh', join(import.meta.dirname, 'systemd-setup.sh')], {
    env: { HIERARCHIES: trees.join('\n') },
    patience: 3_600_000,
  })
  let pid = ''
  const isUp = await eventuallyAsync(async () => {
    const active = await machine.run(['systemctl', 'is-active', 'dbus.service'])
    pid = (await machine.run(['pgrep', '-x', 'systemd'])).stdout.trim()
    return active.stdout === 'active\n' && pid !== ''
  })
  if (!isUp) throw new Error(`systemd does not come up: ${live.stdout()} ${live.stderr()}`)
  const enter: Argv = ['nsenter', '-t', pid, '-m', '-p', '-C', '--']
  const systemctl = (...words: string[]) => machine.run([...enter, 'systemctl', ...words])
  return {
    run: (argv, options) => machine.run([...enter, 'systemd-run', '--scope', '--quiet', ...argv], options),
    show: async (unit, ...properties) => {
      const { stdout } = await systemctl('show', unit, ...properties.flatMap(name => ['-p', name]))
      return stdout.trim()
    },
    systemctl,
  }
}
