import type { OptionRow } from '../option.ts'
import type { RunSettings } from './run-settings.ts'
import {
  ioMax,
  keyValue,
  network,
  readEnvFile,
  securityOption,
  setEnv,
  time,
  tmpfs,
  user,
  volume,
  wholeNumber,
} from './run-values.ts'

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
    name: 'security-opt',
    value: 'seccomp=FILE',
    group: 'rights',
    help: 'its system call filter as JSON; seccomp=unconfined for none',
    set: (s, v) => securityOption(s, v),
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
      s.box.timeout = time(v, '--timeout')
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
      s.box.stopTimeout = time(v, '--stop-timeout')
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
