import { HOOK_KINDS } from './config.ts'

/** What becomes of a field of `config.json`. */
export interface ConfigField {
  /** `[]` stands for each item of a list, `*` for each key of a map. Of a list of plain values only the list is named. */
  readonly path: string
  /** A refused field is an error as soon as it is there, and is never ignored. */
  readonly status: 'supported' | 'refused'
  /** What is particular about it, as one sentence; often nothing is. */
  readonly note: string
}

const supported = (path: string, note = ''): ConfigField => ({ path, status: 'supported', note })
const refused = (path: string, note = ''): ConfigField => ({ path, status: 'refused', note })

const hook = (kind: string): readonly ConfigField[] => [
  supported(`hooks.${kind}[].path`, 'Absolute.'),
  supported(`hooks.${kind}[].args`),
  supported(`hooks.${kind}[].env`, 'NAME=VALUE.'),
  supported(`hooks.${kind}[].timeout`, 'Whole seconds, at least 1.'),
]

const mapping = (path: string): readonly ConfigField[] => [
  supported(`${path}[].containerID`, 'At most 340 ranges, none over another.'),
  supported(`${path}[].hostID`),
  supported(`${path}[].size`, 'At least 1.'),
]

const throttle = (path: string): readonly ConfigField[] =>
  ['major', 'minor', 'rate'].map(name => supported(`linux.resources.blockIO.${path}[].${name}`))

const top: readonly ConfigField[] = [
  supported('ociVersion', 'SemVer, below 2.'),
  supported('root.path', 'Absolute, or below the bundle.'),
  supported('root.readonly'),
  supported('hostname', 'At most 64 bytes; needs a UTS namespace of its own.'),
  supported('domainname', 'At most 64 bytes; needs a UTS namespace of its own.'),
  supported('annotations.*', 'Any text; unknown ones pass.'),
  supported('mounts[].destination', 'Below the root, never the root itself; a relative one is below "/".'),
  supported('mounts[].type', 'Needed unless it is a bind mount or a remount.'),
  supported('mounts[].source', 'Needed for a bind mount.'),
  supported('mounts[].options', 'Every option of the specification; others go to the file system.'),
  ...mapping('mounts[].uidMappings'),
  ...mapping('mounts[].gidMappings'),
  ...HOOK_KINDS.flatMap(hook),
]

const process: readonly ConfigField[] = [
  supported('process.terminal'),
  supported('process.consoleSize.height', 'At most 65535; ignored without a terminal.'),
  supported('process.consoleSize.width', 'At most 65535; ignored without a terminal.'),
  supported('process.cwd', 'Absolute.'),
  supported('process.env', 'NAME=VALUE; a variable without a name or "=" is an error.'),
  supported('process.args', 'At least one.'),
  refused('process.commandLine'),
  supported('process.user.uid', '4294967295 is refused: to the kernel it means "leave it as it is".'),
  supported('process.user.gid', '4294967295 is refused.'),
  supported('process.user.umask', 'At most 0o777.'),
  supported('process.user.additionalGids', '4294967295 is refused.'),
  refused('process.user.username'),
  ...['bounding', 'effective', 'inheritable', 'permitted', 'ambient'].map(set =>
    supported(`process.capabilities.${set}`, 'A capability the kernel does not have is a warning.'),
  ),
  supported('process.rlimits[].type', 'Those of getrlimit(2), each once.'),
  supported('process.rlimits[].soft', 'At most the hard limit.'),
  supported('process.rlimits[].hard'),
  supported('process.noNewPrivileges'),
  supported('process.oomScoreAdj', '-1000 to 1000.'),
  supported('process.apparmorProfile', 'An error on a host without AppArmor.'),
  supported('process.selinuxLabel', 'An error on a host without SELinux.'),
  supported('process.scheduler.policy', 'All but SCHED_ISO, which Linux does not have.'),
  supported('process.scheduler.nice', '-20 to 19.'),
  supported('process.scheduler.priority', '1 to 99, for SCHED_FIFO and SCHED_RR.'),
  supported('process.scheduler.flags'),
  ...['runtime', 'deadline', 'period'].map(name =>
    supported(`process.scheduler.${name}`, 'For SCHED_DEADLINE.'),
  ),
  supported('process.ioPriority.class'),
  supported('process.ioPriority.priority', '0 to 7.'),
  supported('process.execCPUAffinity.initial', 'For exec; the container itself does not use it.'),
  supported('process.execCPUAffinity.final', 'For exec; the container itself does not use it.'),
]

const linux: readonly ConfigField[] = [
  supported('linux.namespaces[].type', 'All eight, each once.'),
  supported('linux.namespaces[].path', 'Absolute.'),
  ...mapping('linux.uidMappings'),
  ...mapping('linux.gidMappings'),
  ...['boottime', 'monotonic'].flatMap(clock => [
    supported(`linux.timeOffsets.${clock}.secs`, 'Needs a new time namespace.'),
    supported(`linux.timeOffsets.${clock}.nanosecs`, 'Below 10^9.'),
  ]),
  supported('linux.devices[].type'),
  supported('linux.devices[].path', 'Absolute.'),
  supported('linux.devices[].major', 'Needed for all but a FIFO; at most 4095.'),
  supported('linux.devices[].minor', 'Needed for all but a FIFO; at most 1048575.'),
  supported('linux.devices[].fileMode', 'At most 0o7777; the bits of the file type may be in it.'),
  supported('linux.devices[].uid'),
  supported('linux.devices[].gid'),
  supported('linux.netDevices.*.name', 'Needs a network namespace of its own; may be a template with %d.'),
  supported('linux.cgroupsPath', 'Without "..".'),
  supported('linux.rootfsPropagation', 'The recursive forms too; needs a mount namespace of its own.'),
  supported('linux.sysctl.*', 'Parameters of the namespaces the container has to itself.'),
  supported('linux.maskedPaths', 'Absolute; needs a mount namespace of its own.'),
  supported('linux.readonlyPaths', 'Absolute; needs a mount namespace of its own.'),
  supported('linux.mountLabel', 'An error on a host without SELinux.'),
  supported('linux.personality.domain'),
  refused('linux.personality.flags', 'The specification defines none; an empty list passes.'),
  refused('linux.intelRdt'),
  refused('linux.memoryPolicy', 'resources.cpu.mems chooses nodes.'),
]

const seccomp: readonly ConfigField[] = [
  supported('linux.seccomp.defaultAction', 'All but SCMP_ACT_NOTIFY.'),
  supported('linux.seccomp.defaultErrnoRet', 'Only beside an action that returns one.'),
  supported('linux.seccomp.architectures'),
  supported('linux.seccomp.flags'),
  supported('linux.seccomp.listenerPath', 'Needed for SCMP_ACT_NOTIFY.'),
  supported('linux.seccomp.listenerMetadata', 'Only beside listenerPath.'),
  supported('linux.seccomp.syscalls[].names', 'At least one.'),
  supported('linux.seccomp.syscalls[].action', 'All of them.'),
  supported('linux.seccomp.syscalls[].errnoRet', 'Only beside an action that returns one.'),
  supported('linux.seccomp.syscalls[].args[].index', '0 to 5.'),
  supported('linux.seccomp.syscalls[].args[].value', 'Exact to 64 bits.'),
  supported('linux.seccomp.syscalls[].args[].valueTwo', 'Exact to 64 bits.'),
  supported('linux.seccomp.syscalls[].args[].op', 'All of them.'),
]

const resources: readonly ConfigField[] = [
  supported('devices[].allow'),
  supported('devices[].type', 'Absent means both kinds.'),
  supported('devices[].major', 'Absent or -1 means all.'),
  supported('devices[].minor', 'Absent or -1 means all.'),
  supported('devices[].access', 'Absent means all; an empty string is an error.'),
  ...['limit', 'reservation', 'swap'].map(name => supported(`memory.${name}`, '-1 is no limit.')),
  supported('memory.kernel', 'Any limit but -1 is an error: Linux has had none since 5.16.'),
  supported('memory.kernelTCP', '-1 is no limit; an error on cgroup v2.'),
  supported('memory.swappiness', '0 to 100; an error on cgroup v2.'),
  supported('memory.disableOOMKiller', 'true is an error on cgroup v2.'),
  supported('memory.useHierarchy', 'false is an error on cgroup v2.'),
  supported('memory.checkBeforeUpdate'),
  supported('cpu.shares'),
  supported('cpu.quota'),
  supported('cpu.burst', 'At most the quota.'),
  supported('cpu.period'),
  supported('cpu.realtimeRuntime', 'An error on cgroup v2.'),
  supported('cpu.realtimePeriod', 'An error on cgroup v2.'),
  supported('cpu.cpus'),
  supported('cpu.mems'),
  supported('cpu.idle', '0 or 1.'),
  supported('pids.limit', '0 means one process, the least the kernel counts; -1 is no limit.'),
  supported('blockIO.weight', 'An error where no scheduler of the kernel has weights.'),
  supported('blockIO.leafWeight', 'An error where the kernel has none, as Linux since 5.0.'),
  supported('blockIO.weightDevice[].major'),
  supported('blockIO.weightDevice[].minor'),
  supported('blockIO.weightDevice[].weight', 'This, leafWeight or both.'),
  supported('blockIO.weightDevice[].leafWeight'),
  supported('hugepageLimits[].pageSize', 'Such as 64KB, 2MB or 1GB.'),
  supported('hugepageLimits[].limit'),
  supported('network.classID', 'Needs net_cls of cgroup v1.'),
  supported('network.priorities[].name', 'Needs net_prio of cgroup v1.'),
  supported('network.priorities[].priority'),
  supported('rdma.*.hcaHandles', 'This, hcaObjects or both.'),
  supported('rdma.*.hcaObjects'),
  supported('unified.*', 'A file of the group itself, without a directory; needs cgroup v2.'),
].map(field => ({ ...field, path: `linux.resources.${field.path}` }))

/** Every field of `config.json` that Linux has, and of other platforms those that hold theirs (runtime-spec 1.3). */
export const CONFIG_FIELDS: readonly ConfigField[] = [
  ...top,
  ...process,
  ...linux,
  ...seccomp,
  ...resources,
  ...[
    'throttleReadBpsDevice',
    'throttleWriteBpsDevice',
    'throttleReadIOPSDevice',
    'throttleWriteIOPSDevice',
  ].flatMap(throttle),
  ...['windows', 'solaris', 'vm', 'zos', 'freebsd'].map(name => refused(name)),
]
