import { countIn, numberAfter, scaled } from './flat-file.ts'
import type { CgroupHost, Controller } from './host.ts'
import { type IoCount, type ReadGroupFile, type Stats, sumOf } from './snapshot.ts'

/** What a snapshot reads of each v1 controller. */
export const V1_FILES: Readonly<Partial<Record<Controller, readonly string[]>>> = {
  cpu: ['cpu.stat'],
  cpuacct: ['cpuacct.usage', 'cpuacct.stat'],
  memory: [
    'memory.usage_in_bytes',
    'memory.max_usage_in_bytes',
    'memory.failcnt',
    'memory.oom_control',
    'memory.stat',
  ],
  pids: ['pids.current', 'pids.peak', 'pids.events'],
  io: ['blkio.throttle.io_service_bytes_recursive', 'blkio.throttle.io_serviced_recursive'],
}

/** cpuacct.stat counts in USER_HZ ticks, 100 a second on every architecture Node runs on (time(7)). */
const TICK_US = 10_000

const FIELD = { Read: 'read', Write: 'write' } as const

/** Lines are `major:minor Read 4096`, with kinds besides Read and Write, and a last `Total` line without a device. */
const addCounts = (devices: Record<string, IoCount>, text: string, unit: 'Bytes' | 'Ops'): void => {
  for (const line of text.split('\n')) {
    const [device = '', kind, count] = line.split(' ')
    if (kind !== 'Read' && kind !== 'Write') continue
    const known = devices[device] ?? { readBytes: 0, writeBytes: 0, readOps: 0, writeOps: 0 }
    devices[device] = { ...known, [`${FIELD[kind]}${unit}`]: Number(count) }
  }
}

const ioStats = (mount: string, read: ReadGroupFile): Stats['io'] => {
  const bytes = read(mount, 'blkio.throttle.io_service_bytes_recursive')
  const ops = read(mount, 'blkio.throttle.io_serviced_recursive')
  const devices: Record<string, IoCount> = {}
  if (bytes === undefined || ops === undefined) return { total: undefined, devices }
  addCounts(devices, bytes, 'Bytes')
  addCounts(devices, ops, 'Ops')
  return { total: sumOf(Object.values(devices)), devices }
}

const memoryStats = (file: (name: string) => string | undefined): Stats['memory'] => ({
  currentBytes: countIn(file('memory.usage_in_bytes')),
  peakBytes: countIn(file('memory.max_usage_in_bytes')),
  swapBytes: numberAfter(file('memory.stat'), 'total_swap'),
  events: {
    oom: undefined,
    oomKill: numberAfter(file('memory.oom_control'), 'oom_kill'),
    high: undefined,
    max: countIn(file('memory.failcnt')),
  },
})

const populated = (host: CgroupHost, read: ReadGroupFile): boolean | undefined => {
  const mount = host.v1.pids ?? Object.values(host.v1)[0]
  const procs = mount === undefined ? undefined : read(mount, 'cgroup.procs')
  return procs === undefined ? undefined : procs.trim() !== ''
}

/** The part of a snapshot that v1 controllers tell. Times are nanoseconds there, except cpuacct.stat's ticks. */
export const v1Stats = (host: CgroupHost, read: ReadGroupFile): Omit<Stats, 'pressure'> => {
  const from = (controller: Controller) => (file: string) => {
    const mount = host.v1[controller]
    return mount === undefined ? undefined : read(mount, file)
  }
  // The v2 tree counts processor time to the microsecond; beside it cpuacct is not read.
  const cpuacct = host.unified === undefined ? from('cpuacct') : () => undefined
  const ticks = cpuacct('cpuacct.stat')
  const cpuStat = from('cpu')('cpu.stat')
  const pids = from('pids')
  return {
    cpu: {
      usageUs: scaled(countIn(cpuacct('cpuacct.usage')), 1 / 1000),
      userUs: scaled(numberAfter(ticks, 'user'), TICK_US),
      systemUs: scaled(numberAfter(ticks, 'system'), TICK_US),
      throttledUs: scaled(numberAfter(cpuStat, 'throttled_time'), 1 / 1000),
      throttledPeriods: numberAfter(cpuStat, 'nr_throttled'),
    },
    memory: memoryStats(from('memory')),
    pids: {
      current: countIn(pids('pids.current')),
      peak: countIn(pids('pids.peak')),
      limitHits: numberAfter(pids('pids.events'), 'max'),
    },
    io: host.v1.io === undefined ? { total: undefined, devices: {} } : ioStats(host.v1.io, read),
    populated: host.unified === undefined ? populated(host, read) : undefined,
  }
}
