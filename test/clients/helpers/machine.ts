import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CommandOptions, type Outcome, outcomeOf } from '../../helpers/command.ts'
import { childrenOf, type Live, startProgram } from '../../helpers/live-box.ts'
import { quoted } from '../../helpers/pty.ts'
import {
  HIERARCHIES,
  joinFiles,
  makeGroups,
  removeGroups,
  sweepGroups,
  thawGroups,
  V2_LEAF,
} from './cgroup-trees.ts'
import { runtimeUnderTest } from './runtime.ts'

/**
 * A machine of its own, made of namespaces: processes, mounts, network, cgroups, IPC and host name. An engine in it finds
 * its usual places (/etc/docker, /var/lib/docker, /run …), and everything it makes ends with the machine, also
 * when the test is killed: the machine's process 1 waits for the end of a pipe that this process holds.
 */
export interface Machine {
  /** Also the host name in it, and the name of its groups at the top of every hierarchy. */
  readonly name: string
  /** Its process 1, as this host numbers it. */
  readonly pid: number
  /** A path of the machine as this host can open it. Links in it that are absolute lead to the host's files. */
  readonly path: (inside: string) => string
  /** Runs a program in the machine to its end. */
  readonly run: (argv: Argv, options?: CommandOptions) => Promise<Outcome>
  /** Runs a line of sh in the machine. */
  readonly sh: (script: string, options?: CommandOptions) => Promise<Outcome>
  /** Starts a program in the machine; it ends with the machine at the latest. */
  readonly start: (argv: Argv, options?: CommandOptions) => Live
  /** Runs a program in the machine, in a terminal of script(1) that has 24 rows and 80 columns. */
  readonly inTerminal: (argv: Argv) => Live
  /** Ends every process of the machine and removes its groups; what could not be removed. A second time does nothing. */
  readonly stop: () => Promise<readonly string[]>
}

export type Argv = readonly [string, ...string[]]

const PREFIX = 'tsbox-clients'

/** What programs in a machine have in their environment. */
const ENV = {
  // Debian's programs come first: a machine may have other clients in /usr/local.
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin',
  HOME: '/run/home',
  TMPDIR: '/run/tmp',
  LANG: 'C.UTF-8',
  SHELL: '/bin/sh',
  TERM: 'xterm',
}

/** A line of sh that moves the shell into groups. */
const joining = (files: readonly string[]): string => `for f in ${files.join(' ')}; do echo 0 >"$f"; done`

let count = 0

/** Makes a machine. `/usr/local/bin/tsbox` in it is the runtime under test. */
export const startMachine = async (): Promise<Machine> => {
  await sweepGroups(PREFIX)
  const name = `${PREFIX}-${process.pid}-${++count}`
  makeGroups(name)
  const holder = startHolder(name)
  await holder.until(/^ready$/m)
  const pid = childrenOf(holder.pid)[0]
  if (pid === undefined) throw new Error('the machine has no process 1')
  for (const file of joinFiles(name).filter(path => path.endsWith(`/${V2_LEAF}/cgroup.procs`)))
    writeFileSync(file, `${holder.pid}`)
  return machineOf({ name, pid, holder })
}

const startHolder = (name: string): Live => {
  // In v2 trees the holder's group is the machine's top until the setup makes one below it.
  const files = HIERARCHIES.map(({ mount, type }) =>
    join(mount, name, type === 'cgroup' ? 'tasks' : 'cgroup.procs'),
  )
  const namespaces = '--mount --uts --ipc --net --pid --cgroup --fork --mount-proc'
  const script = `${joining(files)}
exec unshare ${namespaces} tini -- sh ${quoted(join(import.meta.dirname, 'machine-setup.sh'))}`
  const trees = HIERARCHIES.map(({ mount, type, options }) => `${type} ${options || '-'} ${mount}`)
  const env = {
    ...ENV,
    HIERARCHIES: trees.join('\n'),
    LEAF: V2_LEAF,
    HOST_NAME: name,
    RUNTIME: runtimeUnderTest(),
  }
  return startProgram('sh', ['-euc', script], { env, patience: 3_600_000 })
}

const machineOf = ({ name, pid, holder }: { name: string; pid: number; holder: Live }): Machine => {
  const enter = `${joining(joinFiles(name))}; exec nsenter -t ${pid} -m -u -i -n -p -C -- "$@"`
  const inside = (argv: Argv) => ['-euc', enter, 'sh', ...argv] as const
  const how = (options: CommandOptions = {}) => ({ ...options, env: { ...ENV, ...options.env } })
  const run: Machine['run'] = (argv, options) => outcomeOf('sh', inside(argv), how(options))
  const start: Machine['start'] = (argv, options) => startProgram('sh', inside(argv), how(options))
  return {
    name,
    pid,
    path: place => join(`/proc/${pid}/root`, place),
    run,
    sh: (script, options) => run(['sh', '-c', script], options),
    start,
    inTerminal: argv => {
      const line = `stty rows 24 cols 80; exec ${argv.map(quoted).join(' ')}`
      return start(['script', '-qefc', line, '/dev/null'])
    },
    stop: async () => {
      thawGroups(name)
      holder.child.stdin?.end()
      await holder.ended
      return removeGroups(name)
    },
  }
}

/** Runs the body with a machine and ends the machine afterwards, however the body ends. */
export const withMachine = async <T>(body: (machine: Machine) => Promise<T>): Promise<T> => {
  const machine = await startMachine()
  const result = await body(machine).catch(async error => {
    await machine.stop()
    throw error
  })
  const left = await machine.stop()
  if (left.length > 0) throw new Error(`groups of the machine are left: ${left.join(' ')}`)
  return result
}
