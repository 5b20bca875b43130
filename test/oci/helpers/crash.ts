import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { encode } from '../../../packages/protocol/src/index.ts'
import { prepareCreate } from '../../../packages/runtime/src/index.ts'
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
    'open,openat,openat2,read,write,mkdir,mkdirat,fsetxattr,dup3,recvfrom,sendto,poll,pipe2,rename,unlink,fork,flock,clone3,socketpair,bind,listen,kill,wait4,exit_group,memfd_create,execveat,sendfile',
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
    const timer = setTimeout(() => resolve(false), patience)
    child.once('exit', () => {
      clearTimeout(timer)
      resolve(true)
    })
  })

const isShim = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'latin1').startsWith('tsbox')
  } catch {
    return false
  }
}

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended meanwhile.
  }
}

/** kill -9 for a supervisor, or at one moment for it and those of its children that are chosen. */
export const killFamily = (pid: number, who: 'supervisor' | 'all'): void => {
  const children = who === 'all' ? childrenOf(pid).filter(isShim) : []
  const all = [pid, ...children]
  for (const each of all) signal(each, 'SIGSTOP')
  for (const each of all) signal(each, 'SIGKILL')
}
