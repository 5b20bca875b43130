import { countIn, numberAfter } from './flat-file.ts'
import type { CgroupHost, Controller } from './host.ts'
import { type IoCount, type Pressure, type ReadGroupFile, type Stats, sumOf } from './snapshot.ts'

/** Every v2 group has these; processor time is counted without the cpu controller. */
export const V2_CORE_FILES = [
  'cpu.stat',
  'cpu.pressure',
  'memory.pressure',
  'io.pressure',
  'cgroup.events',
] as const

/** What a snapshot reads of each v2 controller besides. */
export const V2_FILES: Readonly<Partial<Record<Controller, readonly string[]>>> = {
  memory: ['memory.current', 'memory.peak', 'memory.swap.current', 'memory.events'],
  pids: ['pids.current', 'pids.peak', 'pids.events'],
  io: ['io.stat'],
}

/** Lines are `major:minor rbytes=1 wbytes=2 rios=3 wios=4 …`. A device that did nothing has no fields. */
const ioStats = (text: string | undefined): Stats['io'] => {
  const devices: Record<string, IoCount> = {}
  if (text === undefined) return { total: undefined, devices }
  for (const line of text.split('\n')) {
    const [device = '', ...fields] = line.trim().split(' ')
    if (device === '' || fields.length === 0) continue
    const of = (key: string) =>
      Number(fields.find(field => field.startsWith(`${key}=`))?.slice(key.length + 1) ?? 0)
    devices[device] = {
      readBytes: of('rbytes'),
      writeBytes: of('wbytes'),
      readOps: of('rios'),
      writeOps: of('wios'),
    }
  }
  return { total: sumOf(Object.values(devices)), devices }
}

const totalAfter = (text: string | undefined, kind: 'some' | 'full'): number | undefined =>
  countIn(text?.match(new RegExp(`^${kind} .*total=(\\d+)$`, 'm'))?.[1])

const pressure = (text: string | undefined): Pressure => ({
  someTotalUs: totalAfter(text, 'some'),
  fullTotalUs: totalAfter(text, 'full'),
})

const memoryStats = (file: (name: string) => string | undefined): Stats['memory'] => {
  const events = file('memory.events')
  return {
    currentBytes: countIn(file('memory.current')),
    peakBytes: countIn(file('memory.peak')),
    swapBytes: countIn(file('memory.swap.current')),
    events: {
      oom: numberAfter(events, 'oom'),
      oomKill: numberAfter(events, 'oom_kill'),
      high: numberAfter(events, 'high'),
      max: numberAfter(events, 'max'),
    },
  }
}

/** The part of a snapshot that the v2 tree tells. */
export const v2Stats = (host: CgroupHost, read: ReadGroupFile): Stats => {
  const tree = host.unified
  const core = (name: string) => (tree === undefined ? undefined : read(tree.mount, name))
  const from = (controller: Controller) => (name: string) =>
    tree?.controllers.includes(controller) ? read(tree.mount, name) : undefined
  const cpu = core('cpu.stat')
  const pids = from('pids')
  const populated = numberAfter(core('cgroup.events'), 'populated')
  return {
    cpu: {
      usageUs: numberAfter(cpu, 'usage_usec'),
      userUs: numberAfter(cpu, 'user_usec'),
      systemUs: numberAfter(cpu, 'system_usec'),
      throttledUs: numberAfter(cpu, 'throttled_usec'),
      throttledPeriods: numberAfter(cpu, 'nr_throttled'),
    },
    memory: memoryStats(from('memory')),
    pids: {
      current: countIn(pids('pids.current')),
      peak: countIn(pids('pids.peak')),
      limitHits: numberAfter(pids('pids.events'), 'max'),
    },
    io: ioStats(from('io')('io.stat')),
    pressure: {
      cpu: pressure(core('cpu.pressure')),
      memory: pressure(core('memory.pressure')),
      io: pressure(core('io.pressure')),
    },
    populated: populated === undefined ? undefined : populated > 0,
  }
}
