import type { CgroupHost } from '../host.ts'
import type { ReadGroupFile } from '../snapshot.ts'
import { countOf, unlessZero } from './count.ts'
import { controllerReader, treeReader } from './group-reader.ts'
import { pressureOf } from './pressure.ts'
import type { OciBlkioEntry, OciBlkioStats } from './stats-types.ts'

type Read = (file: string) => string | undefined
type Entries = readonly OciBlkioEntry[]

const entry = (device: string, op: string, value: string | undefined): OciBlkioEntry => {
  const [major, minor] = device.split(':')
  return {
    major: unlessZero(countOf(major)),
    minor: unlessZero(countOf(minor)),
    op,
    value: unlessZero(countOf(value)),
  }
}

const someOf = (entries: Entries): Entries | undefined => (entries.length > 0 ? entries : undefined)

/** v1: lines `major:minor Read 4096`, and a last one, `Total 4096`, without a device. */
const linesOf = (text: string | undefined): Entries =>
  (text ?? '').split('\n').flatMap(line => {
    const [device = '', op = '', value] = line.split(' ')
    return device.includes(':') ? [entry(device, op, value)] : []
  })

/** What BFQ counted, where it schedules any device, else what the throttling layer saw. */
const countsV1 = (read: Read): Pick<OciBlkioStats, 'ioServiceBytesRecursive' | 'ioServicedRecursive'> => {
  const bfq = linesOf(read('blkio.bfq.io_serviced_recursive'))
  const source = bfq.length > 0 ? 'blkio.bfq' : 'blkio.throttle'
  return {
    ioServiceBytesRecursive: someOf(linesOf(read(`${source}.io_service_bytes_recursive`))),
    ioServicedRecursive: someOf(linesOf(read(`${source}.io_serviced_recursive`))),
  }
}

/** `io.stat`'s keys by the operation they count. */
const BYTES: Readonly<Record<string, string>> = { rbytes: 'Read', wbytes: 'Write', dbytes: 'Discard' }
const OPERATIONS: Readonly<Record<string, string>> = { rios: 'Read', wios: 'Write', dios: 'Discard' }

/** v2: lines `major:minor rbytes=1 wbytes=2 …`. */
const keyed = (text: string | undefined, names: Readonly<Record<string, string>>): Entries =>
  (text ?? '').split('\n').flatMap(line => {
    const [device = '', ...fields] = line.trim().split(' ')
    return fields.flatMap(field => {
      const [key = '', value] = field.split('=')
      const op = names[key]
      return op === undefined ? [] : [entry(device, op, value)]
    })
  })

export const blkioStats = (host: CgroupHost, read: ReadGroupFile): OciBlkioStats => {
  const io = controllerReader(host, read, 'io')
  const stat = io.version === 2 ? io.read('io.stat') : undefined
  const counts =
    io.version === 1
      ? countsV1(io.read)
      : {
          ioServiceBytesRecursive: someOf(keyed(stat, BYTES)),
          ioServicedRecursive: someOf(keyed(stat, OPERATIONS)),
        }
  return { ...counts, psi: pressureOf(treeReader(host, read)('io.pressure')) }
}
