import type { CgroupHost } from '../host.ts'
import type { ReadGroupFile } from '../snapshot.ts'
import { countOf, countsIn, unlessZero } from './count.ts'
import { controllerReader, treeReader } from './group-reader.ts'
import { pressureOf } from './pressure.ts'
import type { Int64 } from './resources.ts'
import type { OciHugetlbStats, OciMemoryEntry, OciMemoryStats, OciStats } from './stats-types.ts'

type Read = (file: string) => string | undefined

/** "No limit" in a shape that has only unsigned numbers. */
const UNLIMITED = 2n ** 64n - 1n
const NOTHING: OciMemoryEntry = { limit: 0, usage: undefined, max: undefined, failcnt: 0 }

const entryV1 = (read: Read, prefix: string): OciMemoryEntry => ({
  limit: countOf(read(`${prefix}.limit_in_bytes`)) ?? 0,
  usage: unlessZero(countOf(read(`${prefix}.usage_in_bytes`))),
  max: unlessZero(countOf(read(`${prefix}.max_usage_in_bytes`))),
  failcnt: countOf(read(`${prefix}.failcnt`)) ?? 0,
})

const limitV2 = (text: string | undefined): Int64 => (text === undefined ? 0 : (countOf(text) ?? UNLIMITED))

const added = (a: Int64, b: Int64): Int64 => countOf(String(BigInt(a) + BigInt(b))) ?? 0

/** v2 counts swap alone; the shape has the sum of memory and swap, as v1 counts it. Its maximum cannot be told. */
const entriesV2 = (read: Read): Pick<OciMemoryStats, 'usage' | 'swap'> => {
  const used = countOf(read('memory.current'))
  const limit = limitV2(read('memory.max'))
  const usage: OciMemoryEntry = {
    limit,
    usage: unlessZero(used),
    max: unlessZero(countOf(read('memory.peak'))),
    failcnt: 0,
  }
  const swapped = countOf(read('memory.swap.current'))
  const swapLimit = limitV2(read('memory.swap.max'))
  if (swapped === undefined) return { usage, swap: NOTHING }
  const unlimited = swapLimit === UNLIMITED || limit === UNLIMITED
  return {
    usage,
    swap: {
      limit: unlimited ? UNLIMITED : added(limit, swapLimit),
      usage: unlessZero(added(used ?? 0, swapped)),
      max: undefined,
      failcnt: 0,
    },
  }
}

export const memoryStats = (host: CgroupHost, read: ReadGroupFile): OciMemoryStats => {
  const memory = controllerReader(host, read, 'memory')
  const stat = memory.read('memory.stat')
  const raw = countsIn(stat)
  const common = {
    cache: unlessZero(memory.version === 1 ? raw.cache : raw.file),
    raw: stat === undefined ? undefined : raw,
    psi: pressureOf(treeReader(host, read)('memory.pressure')),
  }
  if (memory.version !== 1) {
    return { ...common, ...entriesV2(memory.read), kernel: NOTHING, kernelTCP: NOTHING }
  }
  return {
    ...common,
    usage: entryV1(memory.read, 'memory'),
    swap: entryV1(memory.read, 'memory.memsw'),
    kernel: entryV1(memory.read, 'memory.kmem'),
    kernelTCP: entryV1(memory.read, 'memory.kmem.tcp'),
  }
}

/** "No limit" is left out, like 0. */
export const pidsStats = (host: CgroupHost, read: ReadGroupFile): OciStats['pids'] => {
  const pids = controllerReader(host, read, 'pids')
  return {
    current: unlessZero(countOf(pids.read('pids.current'))),
    limit: unlessZero(countOf(pids.read('pids.max'))),
  }
}

interface Hugetlb {
  readonly host: CgroupHost
  readonly read: ReadGroupFile
  readonly pageSizes: readonly string[]
}

/** Reservations where the kernel counts them, else what is in use. */
export const hugetlbStats = ({
  host,
  read,
  pageSizes,
}: Hugetlb): Readonly<Record<string, OciHugetlbStats>> => {
  const hugetlb = controllerReader(host, read, 'hugetlb')
  const current = hugetlb.version === 1 ? 'usage_in_bytes' : 'current'
  return Object.fromEntries(
    pageSizes.flatMap(size => {
      const [reserved, used] = [`hugetlb.${size}.rsvd`, `hugetlb.${size}`]
      const prefix = hugetlb.read(`${reserved}.${current}`) === undefined ? used : reserved
      const usage = countOf(hugetlb.read(`${prefix}.${current}`))
      if (usage === undefined) return []
      const failures =
        hugetlb.version === 1
          ? countOf(hugetlb.read(`${prefix}.failcnt`))
          : countsIn(hugetlb.read(`${used}.events`)).max
      const most = countOf(hugetlb.read(`${prefix}.max_usage_in_bytes`))
      return [[size, { usage: unlessZero(usage), max: unlessZero(most), failcnt: failures ?? 0 }]]
    }),
  )
}
