import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { encode } from '../../../packages/protocol/src/index.ts'
import { prepareCreate } from '../../../packages/runtime/src/index.ts'
import { IN_VM } from '../../helpers/box-test.ts'
import { command } from '../../helpers/command.ts'
import { childrenOf } from '../../helpers/live-box.ts'

/** The plan of `create`, as the command writes it; nobody tells how it went. */
export const createPlan = (root: string, id: string, bundle: string): Uint8Array => {
  const silent = { argv: ['/bin/true'], env: [] }
  const { plan } = prepareCreate({
    root,
    id,
    bundle,
    mode: 'create',
    systemd: false,
    newKeyring: true,
    noPivot: false,
    preserveFds: 0,
    handback: silent,
    laterHandback: silent,
  })
  return encode(plan)
}

const shim = (): string => join(dirname(realpathSync(command())), 'tsbox-shim')

/** System calls that do something, of those `create` makes; the others change nothing that could be left. */
export const CREATING = {
  supervisor:
    'open,openat,openat2,read,write,mkdir,mkdirat,dup3,recvfrom,sendto,poll,pipe2,rename,unlink,fork,flock,clone3,socketpair,bind,listen,kill,wait4,exit_group,memfd_create,execveat,sendfile',
  init: 'openat2,fsopen,fsconfig,fsmount,open_tree,move_mount,mount_setattr,mount,umount2,pivot_root,mknodat,fchownat,symlinkat,mkdirat,setsid,keyctl,unshare,setresuid,setgroups,sendto,recvfrom,accept4,close_range,chdir,write',
} as const

/** A program that is killed at its Nth call of these, and so is each that comes of it. */
export const killedAt = (call: number, calls: string): readonly string[] => [
  'strace',
  ...[
    '-f',
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    `trace=${calls}`,
    '-e',
    `inject=${calls}:signal=KILL:when=${call}`,
  ],
]

/**
 * Where to kill: 1 to `most`, all of them with TSBOX_STRESS_SECONDS (and tap --timeout=900), else every so many (fewer where the
 * processor is emulated), from a place that differs from run to run: in time each is tried.
 */
export const pointsUpTo = (most: number, stride: number): readonly number[] => {
  const step = process.env.TSBOX_STRESS_SECONDS === undefined ? stride * (IN_VM ? 4 : 1) : 1
  const first = 1 + Math.floor(Math.random() * step)
  return Array.from({ length: Math.ceil((most - first + 1) / step) }, (_, i) => first + i * step)
}

/** Runs a plan, without the program that made it; the words in front run the shim. */
export const runPlan = (plan: Uint8Array, before: readonly string[] = []): ChildProcess => {
  const [file = '', ...args] = [...before, shim()]
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] })
  child.on('error', () => {})
  const pipe = child.stdio[3] as NodeJS.WritableStream
  pipe.on('error', () => {})
  pipe.end(plan)
  ;(child.stdio[4] as NodeJS.ReadableStream).resume()
  return child
}

/** Waits until a process has ended, or its time is up; the children of it do not count. */
export const ended = (child: ChildProcess, patience = 10_000): Promise<boolean> =>
  new Promise(resolve => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve(true)
    const done = () => {
      clearTimeout(timer)
      resolve(true)
    }
    const timer = setTimeout(() => {
      child.removeListener('exit', done)
      resolve(false)
    }, patience)
    child.once('exit', done)
  })

const nameOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'latin1').trim()
  } catch {
    return '' // it has ended
  }
}

/** Children of a supervisor that die with it, by their names. */
const WITH: Readonly<Record<Victims, (name: string) => boolean>> = {
  supervisor: () => false,
  keepers: name => name === 'tsbox-janitor',
  all: name => name.startsWith('tsbox'),
}

export type Victims = 'supervisor' | 'keepers' | 'all'

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended meanwhile.
  }
}

/** kill -9 for a supervisor, at one moment with those of its children that are chosen: its janitor, or init too. */
export const killFamily = (pid: number, who: Victims): void => {
  const all = [pid, ...childrenOf(pid).filter(child => WITH[who](nameOf(child)))]
  for (const each of all) signal(each, 'SIGSTOP')
  for (const each of all) signal(each, 'SIGKILL')
}
