import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { IoMax } from '@tsbox/cgroups'
import { TsboxError } from '@tsbox/errors'
import type { BoxInput } from '@tsbox/spec'
import type { OptionRow } from '../option.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** What `tsbox run` was asked for, as it is being read. */
export interface RunSettings {
  readonly box: Mutable<Omit<BoxInput, 'args'>> & {
    env: Record<string, string>
    sysctls: Record<string, string>
  }
  readonly layers: string[]
  rootfs?: string
  upper?: string
  root?: string
  memory?: string
  memorySwap?: string
  cpus?: string
  cpuWeight?: string
  cpusetCpus?: string
  readonly ioMax: IoMax[]
  terminal?: boolean
  dryRun?: boolean
  trace?: string
  receipt?: string
}

/** Names come from the command line: without a prototype, `__proto__` is one like any other. */
const names = (): Record<string, string> => Object.create(null)

export const newRunSettings = (): RunSettings => ({
  box: { env: names(), sysctls: names(), volumes: [], tmpfs: [], rlimits: [], capAdd: [], capDrop: [] },
  layers: [],
  ioMax: [],
})

const usage = (message: string, hint: string, step: string) =>
  new TsboxError('ERR_TSBOX_USAGE', message, { hint, step })

const wholeNumber = (value: string, step: string): number => {
  if (/^\d{1,15}$/.test(value)) return Number(value)
  throw new TsboxError('ERR_TSBOX_SIZE', `${step}: ${JSON.stringify(value)} is not a whole number`, {
    hint: 'Write digits only.',
    step,
  })
}

/** Decimal digits only: what a larger number, a sign or another base would become elsewhere is an old way to uid 0. */
const user = (value: string): NonNullable<BoxInput['user']> => {
  const [, uid, gid] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(value) ?? []
  if (uid === undefined || Number(uid) > 0x7fff_ffff || Number(gid ?? 0) > 0x7fff_ffff) {
    throw usage(
      `${JSON.stringify(value)} is not a user`,
      'Write -u UID or -u UID:GID, numbers up to 2147483647.',
      '--user',
    )
  }
  return { uid: Number(uid), gid: Number(gid ?? uid) }
}

/** NAME=VALUE, or NAME alone for the caller's own value of it. */
const setEnv = (env: Record<string, string>, text: string): void => {
  const own = Object.hasOwn(process.env, text) ? process.env[text] : undefined
  const [name, value] = text.includes('=') ? split(text, '=') : [text, own]
  if (value !== undefined) env[name] = value
}

const split = (text: string, at: string): [string, string] => [
  text.slice(0, text.indexOf(at)),
  text.slice(text.indexOf(at) + at.length),
]

const readEnvFile = (env: Record<string, string>, path: string): void => {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new TsboxError('ERR_TSBOX_USAGE', `--env-file: ${(cause as Error).message}`, {
      step: '--env-file',
      cause,
    })
  }
  for (const line of text.split('\n')) if (/^\s*[^#\s]/.test(line)) setEnv(env, line.trimStart())
}

const volume = (value: string): NonNullable<BoxInput['volumes']>[number] => {
  const [, source, target, mode] = /^(.+?):([^:]+)(?::(ro|rw))?$/s.exec(value) ?? []
  if (source === undefined || target === undefined) {
    throw usage(`${JSON.stringify(value)} is not a volume`, 'Write -v SRC:DST or -v SRC:DST:ro.', '--volume')
  }
  return { source: resolve(source), target, readOnly: mode === 'ro' }
}

const tmpfs = (value: string): NonNullable<BoxInput['tmpfs']>[number] => {
  const [target, options] = value.includes(':') ? split(value, ':') : [value, '']
  const fields = Object.fromEntries(
    options
      .split(',')
      .filter(Boolean)
      .map(option => split(`${option}=`, '=')),
  )
  const unknown = Object.keys(fields).find(key => key !== 'size' && key !== 'mode')
  const mode = fields.mode?.replace(/=$/, '')
  const size = fields.size?.replace(/=$/, '')
  if (unknown !== undefined || size === '' || (mode !== undefined && !/^[0-7]{1,4}$/.test(mode))) {
    throw usage(`${JSON.stringify(value)} is not a tmpfs`, 'Write --tmpfs DST:size=64m,mode=1777.', '--tmpfs')
  }
  return { target, ...(size ? { size } : {}), ...(mode ? { mode: Number.parseInt(mode, 8) } : {}) }
}

/** MAJ:MIN,rbps=1m,wiops=100: one block device's limits. */
const ioMax = (value: string): IoMax => {
  const [device = '', ...fields] = value.split(',')
  const pairs = fields
    .map(field => split(`${field}=`, '='))
    .map(([key, v]) => [key, v.replace(/=$/, '')] as const)
  const bad = pairs.some(([key, v]) => !/^[rw](bps|iops)$/.test(key) || v === '')
  if (bad || pairs.length === 0 || !/^\d+:\d+$/.test(device)) {
    throw usage(
      `${JSON.stringify(value)} is not an I/O limit`,
      'Write --io-max MAJ:MIN,rbps=10m,wbps=10m,riops=100,wiops=100 with at least one of them.',
      '--io-max',
    )
  }
  const iops = (key: string, v: string) =>
    key.endsWith('iops') && v !== 'max' ? wholeNumber(v, '--io-max') : v
  return { device, ...Object.fromEntries(pairs.map(([key, v]) => [key, iops(key, v)])) }
}

const network = (value: string): 'none' | 'host' => {
  if (value === 'none' || value === 'host') return value
  throw usage(`there is no network ${JSON.stringify(value)}`, 'Choose none or host.', '--net')
}

const keyValue = (value: string, step: string): [string, string] => {
  if (!value.includes('='))
    throw usage(`${step}: ${JSON.stringify(value)} has no value`, `Write ${step} NAME=VALUE.`, step)
  return split(value, '=')
}

/** The options of `tsbox run`: parsing, help and the box come from this table. */
export const RUN_OPTIONS: readonly OptionRow<RunSettings>[] = [
  {
    name: 'root',
    value: 'system|host',
    group: 'root',
    help: 'programs of this host (default), or its whole disk, copy-on-write',
    set: (s, v) => {
      s.root = v
    },
  },
  {
    name: 'rootfs',
    value: 'DIR',
    group: 'root',
    help: 'a directory as the root, writes go to it',
    set: (s, v) => {
      s.rootfs = v
    },
  },
  {
    name: 'layer',
    value: 'DIR',
    group: 'root',
    help: 'a read-only layer, lowest first; repeat',
    set: (s, v) => void s.layers.push(v),
  },
  {
    name: 'upper',
    value: 'DIR',
    group: 'root',
    help: 'keep what is written over the layers in DIR',
    set: (s, v) => {
      s.upper = v
    },
  },
  {
    name: 'read-only',
    group: 'root',
    help: 'the root cannot be written',
    set: s => {
      s.box.readOnly = true
    },
  },
  {
    name: 'volume',
    short: 'v',
    value: 'SRC:DST[:ro]',
    group: 'root',
    help: 'a file or directory of the host in the box',
    set: (s, v) => void s.box.volumes?.push(volume(v)),
  },
  {
    name: 'tmpfs',
    value: 'DST[:size=,mode=]',
    group: 'root',
    help: 'an empty directory in memory',
    set: (s, v) => void s.box.tmpfs?.push(tmpfs(v)),
  },

  {
    name: 'name',
    value: 'NAME',
    group: 'id',
    help: 'a name for the box; default: random',
    set: (s, v) => {
      s.box.name = v
    },
  },
  {
    name: 'hostname',
    value: 'NAME',
    group: 'id',
    help: 'its host name; default: container',
    set: (s, v) => {
      s.box.hostname = v
    },
  },
  {
    name: 'workdir',
    short: 'w',
    value: 'DIR',
    group: 'id',
    help: 'where the program starts; default: /',
    set: (s, v) => {
      s.box.cwd = v
    },
  },
  {
    name: 'env',
    short: 'e',
    value: 'NAME[=VALUE]',
    group: 'id',
    help: 'a variable; without VALUE, the one you have',
    set: (s, v) => setEnv(s.box.env, v),
  },
  {
    name: 'env-file',
    value: 'FILE',
    group: 'id',
    help: 'variables, one a line',
    set: (s, v) => readEnvFile(s.box.env, v),
  },
  {
    name: 'user',
    short: 'u',
    value: 'UID[:GID]',
    group: 'id',
    help: 'the user of the program; default: 0',
    set: (s, v) => {
      s.box.user = user(v)
    },
  },
  {
    name: 'net',
    value: 'none|host',
    group: 'id',
    help: 'loopback only (default), or the network of the host',
    set: (s, v) => {
      s.box.network = network(v)
    },
  },

  {
    name: 'pids',
    value: 'N',
    group: 'limits',
    help: 'processes and threads; default: 1024',
    set: (s, v) => {
      s.box.limits = { ...s.box.limits, pids: { max: v === 'max' ? v : wholeNumber(v, '--pids') } }
    },
  },
  {
    name: 'memory',
    short: 'm',
    value: 'SIZE',
    group: 'limits',
    help: 'memory, such as 64Mi; default: half of the machine',
    set: (s, v) => {
      s.memory = v
    },
  },
  {
    name: 'memory-swap',
    value: 'SIZE',
    group: 'limits',
    help: 'swap in addition to memory',
    set: (s, v) => {
      s.memorySwap = v
    },
  },
  {
    name: 'cpus',
    value: 'N',
    group: 'limits',
    help: 'processors, such as 1.5',
    set: (s, v) => {
      s.cpus = v
    },
  },
  {
    name: 'cpu-weight',
    value: '1-10000',
    group: 'limits',
    help: 'share of busy processors; an ordinary one is 100',
    set: (s, v) => {
      s.cpuWeight = v
    },
  },
  {
    name: 'cpuset-cpus',
    value: 'LIST',
    group: 'limits',
    help: 'which processors, such as 0-2,4',
    set: (s, v) => {
      s.cpusetCpus = v
    },
  },
  {
    name: 'io-max',
    value: 'MAJ:MIN,KEY=N…',
    group: 'limits',
    help: 'rbps, wbps, riops, wiops of a disk; repeat',
    set: (s, v) => void s.ioMax.push(ioMax(v)),
  },
  {
    name: 'ulimit',
    value: 'NAME=SOFT[:HARD]',
    group: 'limits',
    help: 'a resource limit, such as nofile=1024',
    set: (s, v) => void s.box.rlimits?.push(v),
  },
  {
    name: 'cgroup-parent',
    value: 'PATH',
    group: 'limits',
    help: 'where its cgroup goes; default: /tsbox',
    set: (s, v) => {
      s.box.cgroupParent = v
    },
  },

  {
    name: 'cap-add',
    value: 'CAP',
    group: 'rights',
    help: 'a capability more, or ALL',
    set: (s, v) => void s.box.capAdd?.push(v),
  },
  {
    name: 'cap-drop',
    value: 'CAP',
    group: 'rights',
    help: 'a capability less, or ALL',
    set: (s, v) => void s.box.capDrop?.push(v),
  },
  {
    name: 'privileged',
    group: 'rights',
    help: 'all capabilities, nothing hidden or read-only',
    set: s => {
      s.box.privileged = true
    },
  },
  {
    name: 'sysctl',
    value: 'KEY=VALUE',
    group: 'rights',
    help: "a kernel parameter of the box's own namespaces",
    set: (s, v) => {
      const [key, value] = keyValue(v, '--sysctl')
      s.box.sysctls[key] = value
    },
  },

  {
    name: 'timeout',
    value: 'TIME',
    group: 'life',
    help: 'stop it after this time, such as 5s',
    set: (s, v) => {
      s.box.timeout = v
    },
  },
  {
    name: 'stop-signal',
    value: 'SIGNAL',
    group: 'life',
    help: 'how it is asked to stop; default: TERM',
    set: (s, v) => {
      s.box.stopSignal = v
    },
  },
  {
    name: 'stop-timeout',
    value: 'TIME',
    group: 'life',
    help: 'patience until SIGKILL; default: 10s',
    set: (s, v) => {
      s.box.stopTimeout = v
    },
  },
  {
    name: 'init',
    group: 'life',
    help: 'a process 1 that forwards signals and reaps',
    set: s => {
      s.box.init = true
    },
  },
  {
    name: 'tty',
    short: 't',
    group: 'life',
    help: 'a terminal; default: when you have one',
    set: s => {
      s.terminal = true
    },
  },
  {
    name: 'no-tty',
    short: 'T',
    group: 'life',
    help: 'no terminal',
    set: s => {
      s.terminal = false
    },
  },

  {
    name: 'dry-run',
    group: 'tell',
    help: 'print what would be done, and do nothing',
    set: s => {
      s.dryRun = true
    },
  },
  {
    name: 'trace',
    value: 'FILE',
    group: 'tell',
    help: 'every step with its time, for Perfetto',
    set: (s, v) => {
      s.trace = v
    },
  },
  {
    name: 'receipt',
    value: 'FILE',
    group: 'tell',
    help: 'what it used and why it ended, as JSON',
    set: (s, v) => {
      s.receipt = v
    },
  },
]
