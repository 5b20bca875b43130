import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import {
  type CgroupHost,
  CONTROLLERS,
  type Controller,
  controllerHome,
  detectHost,
  missingHint,
} from '@tsbox/cgroups'
import { isTsboxError } from '@tsbox/errors'
import { kernelVersion, RUN_DIR, run } from '@tsbox/runtime'
import { locateShim } from '@tsbox/shim'
import { nativeChecks } from './doctor-native.ts'

/** One finding. `limited`: boxes run, an option or comfort is missing. `missing`: boxes cannot run. */
export interface Check {
  readonly name: string
  readonly state: 'ok' | 'limited' | 'missing'
  readonly detail: string
  readonly fix?: string | undefined
}

const ok = (name: string, detail: string): Check => ({ name, state: 'ok', detail })

/** Looks at this host; as root it also runs a box, which is the only proof there is. */
export const examine = async (): Promise<readonly Check[]> => [
  user(),
  kernel(),
  ...namespaces(),
  ...cgroups(),
  overlay(),
  shim(),
  runDirectory(),
  ...nativeChecks(),
  await trial(),
]

const isRoot = (): boolean => process.geteuid?.() === 0

const user = (): Check =>
  isRoot()
    ? ok('user', 'root')
    : { name: 'user', state: 'missing', detail: 'not root', fix: 'Run it with sudo.' }

const kernel = (): Check => {
  const [major, minor] = kernelVersion(release())
  const new512 = major > 5 || (major === 5 && minor >= 12)
  if (!new512) {
    return {
      name: 'kernel',
      state: 'missing',
      detail: release(),
      fix: 'tsbox needs Linux 5.12 (mount_setattr).',
    }
  }
  const few = major < 6 || (major === 6 && minor < 7)
  return few
    ? {
        name: 'kernel',
        state: 'limited',
        detail: `${release()}: about 200 layers at most`,
        fix: 'Linux 6.7 takes 500 layers.',
      }
    : ok('kernel', release())
}

const namespaces = (): Check[] =>
  ['mnt', 'uts', 'ipc', 'pid', 'net', 'cgroup', 'time'].flatMap((name): Check[] => {
    if (existsSync(`/proc/self/ns/${name}`)) return []
    const state = name === 'time' ? 'limited' : 'missing'
    return [
      {
        name: `namespace ${name}`,
        state,
        detail: 'this kernel lacks it',
        fix: 'Use a kernel with CONFIG_NAMESPACES complete.',
      },
    ]
  })

const cgroups = (): Check[] => {
  try {
    const host = detectHost()
    const wanted: readonly Controller[] = ['pids', 'memory', 'cpu', 'cpuset', 'io', 'hugetlb']
    return [hierarchy(host), ...wanted.map(name => controller(host, name))]
  } catch (error) {
    return [
      {
        name: 'cgroups',
        state: 'missing',
        detail: (error as Error).message,
        fix: isTsboxError(error) ? error.hint : undefined,
      },
    ]
  }
}

const hierarchy = (host: CgroupHost): Check => {
  const places = [host.unified?.mount, ...CONTROLLERS.map(name => host.v1[name])].filter(
    place => place !== undefined,
  )
  // Who is not root can write none of this, which says nothing about the host.
  const closed = isRoot() ? places.find(place => !isWritable(place)) : undefined
  if (closed === undefined) return ok('cgroups', host.mode)
  const fix = 'Run tsbox where the cgroup file systems are writable; in a container, that means privileged.'
  return { name: 'cgroups', state: 'missing', detail: `${closed} is read-only`, fix }
}

const controller = (host: CgroupHost, name: Controller): Check => {
  const home = controllerHome(host, name)
  if (home !== undefined) return ok(`cgroup ${name}`, `v${home.version} at ${home.mount}`)
  const needed = name === 'pids' || name === 'memory'
  return {
    name: `cgroup ${name}`,
    state: needed ? 'missing' : 'limited',
    detail: 'no such controller here',
    fix: `Its limits are refused until you ${missingHint(name)}.`,
  }
}

const isWritable = (path: string): boolean => {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

const overlay = (): Check =>
  readFileSync('/proc/filesystems', 'latin1').includes('\toverlay\n')
    ? ok('overlayfs', 'built in or loaded')
    : { name: 'overlayfs', state: 'missing', detail: 'not loaded', fix: 'modprobe overlay' }

const shim = (): Check => {
  try {
    return ok('shim', locateShim())
  } catch (error) {
    return {
      name: 'shim',
      state: 'missing',
      detail: (error as Error).message,
      fix: isTsboxError(error) ? error.hint : undefined,
    }
  }
}

const runDirectory = (): Check => {
  if (isRoot() && !isWritable('/run')) {
    return {
      name: 'run directory',
      state: 'missing',
      detail: '/run is not writable',
      fix: 'mount -o remount,rw /run, or if /run is only a directory of a read-only root: mount -t tmpfs tmpfs /run',
    }
  }
  return ok('run directory', RUN_DIR)
}

const trial = async (): Promise<Check> => {
  if (!isRoot())
    return { name: 'trial', state: 'limited', detail: 'not tried', fix: 'As root a box is run to see.' }
  try {
    const box = run({ args: ['true'] }, { stdio: ['ignore', 'ignore', 'ignore'] })
    const { exitStatus, timings } = await box.receipt
    if (exitStatus === 0)
      return ok('trial', `a box ran and was removed in ${timings.tornDown?.toFixed(1)} ms`)
    return {
      name: 'trial',
      state: 'missing',
      detail: `true ended with status ${exitStatus} in a box`,
      fix: 'See `tsbox run --receipt /dev/stderr true`.',
    }
  } catch (error) {
    return {
      name: 'trial',
      state: 'missing',
      detail: (error as Error).message,
      fix: isTsboxError(error) ? error.hint : undefined,
    }
  }
}
