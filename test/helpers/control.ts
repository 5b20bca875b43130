import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inPrivateMounts, withLeakedFds } from './boxes.ts'
import type { Outcome } from './command.ts'

/** Older engines, known to be open to some of these attacks: on them an attack shows that it bites. */
export type Engine = 'runc' | 'crun'

/** The engine's version, or undefined when it is not installed. */
export const engineVersion = (engine: Engine): string | undefined => {
  try {
    const [first] = execFileSync(engine, ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .split('\n')
    return first
  } catch {
    return undefined
  }
}

export interface ControlOptions {
  readonly engine: Engine
  /** A scratch directory, several levels deep: an attack that works may remove what is above it. */
  readonly dir: string
  readonly rootfs: string
  readonly args: readonly string[]
  readonly cwd?: string
  readonly mounts?: readonly object[]
  readonly maskedPaths?: readonly string[]
  readonly terminal?: boolean
  /** A path that is open at these descriptors when the engine starts. */
  readonly leak?: { readonly path: string; readonly fds: readonly number[] }
}

const PROC = { destination: '/proc', type: 'proc', source: 'proc' }
const DEV = { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] }

/** The mounts a control has when it is not told otherwise: /proc and an own /dev. */
export const USUAL_MOUNTS = [PROC, DEV] as const

/**
 * Runs a program under another engine, in a private mount namespace with a private /dev, because what it does wrong
 * would otherwise be done to this host.
 */
export const control = (options: ControlOptions): Promise<Outcome> => {
  const { engine, dir, rootfs } = options
  const id = `control-${process.pid}-${Math.floor(Math.random() * 1e9)}`
  const bundle = join(dir, 'a', 'b', 'c', 'bundle')
  mkdirSync(join(dir, 'a', 'b', 'c', 'state'), { recursive: true })
  mkdirSync(bundle, { recursive: true })
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(configOf(options, id)))
  const flags = engine === 'crun' ? '--cgroup-manager=disabled' : ''
  const script = `${PRIVATE_DEV}\nexec ${engine} ${flags} --root "$STATE" run --bundle "$BUNDLE" ${id}`
  const env = { BUNDLE: bundle, STATE: join(dir, 'a', 'b', 'c', 'state'), DEV: join(dir, 'dev') }
  mkdirSync(env.DEV, { recursive: true })
  mkdirSync(rootfs, { recursive: true })
  if (options.leak === undefined) return inPrivateMounts(script, env)
  const set = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const argv = ['env', ...set, 'unshare', '-m', '--propagation', 'private', 'bash', '-euc', script] as const
  return withLeakedFds([...argv], options.leak)
}

/** Nodes of this host that no engine may reach: all of /dev is a copy while a control runs. */
const PRIVATE_DEV = `
mount -t tmpfs -o mode=755 none "$DEV"
for node in 'null 1 3' 'zero 1 5' 'full 1 7' 'random 1 8' 'urandom 1 9' 'tty 5 0'; do
  set -- $node; mknod -m 666 "$DEV/$1" c $2 $3
done
mkdir "$DEV/pts" "$DEV/shm"
mount -t devpts -o newinstance,ptmxmode=0666 none "$DEV/pts"
ln -s pts/ptmx "$DEV/ptmx"
ln -s /proc/self/fd "$DEV/fd"
mount --rbind "$DEV" /dev
set --
# crun takes no part in hybrid cgroups; it does not look further than this mount.
[ ! -d /sys/fs/cgroup/unified ] || mount -t tmpfs none /sys/fs/cgroup/unified`

const configOf = (options: ControlOptions, id: string) => ({
  ociVersion: '1.0.2',
  root: { path: options.rootfs, readonly: false },
  process: {
    terminal: options.terminal ?? false,
    user: { uid: 0, gid: 0 },
    args: options.args,
    env: ['PATH=/bin'],
    cwd: options.cwd ?? '/',
    capabilities: {},
    noNewPrivileges: true,
  },
  hostname: 'control',
  mounts: options.mounts ?? USUAL_MOUNTS,
  linux: {
    cgroupsPath: `/${id}`,
    namespaces: ['pid', 'ipc', 'uts', 'mount'].map(type => ({ type })),
    maskedPaths: options.maskedPaths ?? [],
    readonlyPaths: [],
  },
})
