import type { OciCpu, OciDeviceRule, OciMemory, OciResources } from '@tsbox/cgroups'
import { blockIO } from './block-io.ts'
import {
  boolean,
  type Check,
  int64,
  list,
  oneOf,
  shown,
  text,
  uint32,
  uint64,
  unlessEmpty,
  whole,
  whole64,
} from './check.ts'
import { configError, jsonPath } from './config-error.ts'
import { interfaceName } from './interface-name.ts'
import { map, record } from './record.ts'

/** Bytes; -1 is no limit. */
const limit = whole64(-1n, 2n ** 63n - 1n)

/** A device's number in a rule; -1 is any. */
const deviceNumber = whole(-1, 2 ** 32 - 1)

const access: Check<string> = (value, path) => {
  const read = text(value, path)
  if (/^[rwm]{1,3}$/.test(read) && new Set(read).size === read.length) return read
  throw configError(path, `${shown(read)} is no kind of access`, 'Use the letters r, w and m, each once.')
}

const deviceRule = record<OciDeviceRule>({
  fields: {
    allow: boolean,
    type: unlessEmpty(oneOf(['a', 'c', 'b'])),
    major: deviceNumber,
    minor: deviceNumber,
    access,
  },
  required: ['allow'],
})

const memory = record<OciMemory>({
  fields: {
    limit,
    reservation: limit,
    swap: limit,
    kernel: limit,
    kernelTCP: limit,
    swappiness: whole(0, 100),
    disableOOMKiller: boolean,
    useHierarchy: boolean,
    checkBeforeUpdate: boolean,
  },
})

/** Processors or memory nodes for a file of the cpuset controller, which reads more forms than `cpuList` does. */
const cpuset: Check<string> = (value, path) => {
  const read = text(value, path)
  if (/^[0-9,:/ -]*$/.test(read)) return read
  throw configError(path, `${shown(read)} is no list of numbers`, 'Write numbers and ranges, such as 0-3,7.')
}

const cpuFields = record<OciCpu>({
  fields: {
    shares: uint64,
    quota: int64,
    burst: uint64,
    period: uint64,
    realtimeRuntime: int64,
    realtimePeriod: uint64,
    cpus: unlessEmpty(cpuset),
    mems: unlessEmpty(cpuset),
    idle: whole(0, 1),
  },
})

const cpu: Check<OciCpu> = (value, path) => {
  const read = cpuFields(value, path)
  const { quota = 0, burst = 0 } = read
  if (quota <= 0 || burst <= quota) return read
  throw configError(`${path}.burst`, `${burst} is more than the quota ${quota}`, 'Give at most the quota.')
}

const pageSize: Check<string> = (value, path) => {
  const read = text(value, path)
  if (/^[1-9][0-9]{0,9}[KMG]B$/.test(read)) return read
  throw configError(path, `${shown(read)} is no size of a huge page`, 'Write it like 64KB, 2MB or 1GB.')
}

type Rdma = NonNullable<OciResources['rdma']>
const rdmaFields = record<Rdma[string]>({ fields: { hcaHandles: uint32, hcaObjects: uint32 } })
const rdma = map<Rdma[string]>(
  (value, path) => {
    const read = rdmaFields(value, path)
    if (read.hcaHandles !== undefined || read.hcaObjects !== undefined) return read
    throw configError(path, 'limits nothing', 'Give hcaHandles, hcaObjects or both.')
  },
  (key, path) => oneLine(key, path),
)

/** A device's name stands in a line of rdma.max, between blanks. */
const oneLine: Check<unknown> = (key, path) => {
  if (/^[^\s\0]+$/.test(String(key))) return key
  throw configError(jsonPath(path, String(key)), 'cannot be the name of a device', 'Leave out the blanks.')
}

/** A file of the group's own directory. What lies below or beside it belongs to somebody else. */
const groupFile: Check<unknown> = (key, path) => {
  if (/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+$/.test(String(key))) return key
  throw configError(
    jsonPath(path, String(key)),
    'cannot be a file of cgroup v2',
    'Name one such as memory.high, without a directory.',
  )
}

const network = record<NonNullable<OciResources['network']>>({
  fields: {
    classID: uint32,
    priorities: list(
      record({ fields: { name: interfaceName, priority: uint32 }, required: ['name', 'priority'] }),
    ),
  },
})

/** `linux.resources` (config-linux.md, "Control groups"), also what `update` reads. */
export const resources: Check<OciResources> = record<OciResources>({
  fields: {
    devices: list(deviceRule),
    memory,
    cpu,
    pids: record<NonNullable<OciResources['pids']>>({ fields: { limit: int64 } }),
    blockIO,
    hugepageLimits: list(
      record<{ readonly pageSize: string; readonly limit: number | bigint }>({
        fields: { pageSize, limit: uint64 },
        required: ['pageSize', 'limit'],
      }),
    ),
    network,
    rdma,
    unified: map(text, groupFile),
  },
})
