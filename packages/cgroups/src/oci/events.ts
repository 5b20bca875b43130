import { readdirSync } from 'node:fs'
import { EventStream } from '../events.ts'
import type { CgroupHost } from '../host.ts'
import type { GroupDir } from '../layout.ts'
import type { OciStats } from './stats-types.ts'

/** A line of `runc events`. */
export type OciEvent =
  | { readonly type: 'stats'; readonly id: string; readonly data: OciStats }
  | { readonly type: 'oom'; readonly id: string }

/** JSON.rawJSON is part of every Node this runs on (V8 11.4), and not yet of the compiler's types. */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown }

/** An event as one line of JSON, with every number in full. */
export const eventText = (event: OciEvent): string =>
  JSON.stringify(event, (_, value: unknown) => (typeof value === 'bigint' ? rawJSON(String(value)) : value))

/** 'hugepages-2048kB' is '2MB' in cgroup files: the largest unit that leaves at least 1. */
export const pageSizeOf = (directory: string): string | undefined => {
  const kib = Number(/^hugepages-(\d+)kB$/.exec(directory)?.[1])
  if (Number.isNaN(kib)) return undefined
  if (kib >= 2 ** 20) return `${kib / 2 ** 20}GB`
  return kib >= 2 ** 10 ? `${kib / 2 ** 10}MB` : `${kib}KB`
}

/** The page sizes of this machine's huge pages, as cgroup files name them; none where the kernel has none. */
export const hugePageSizes = (): readonly string[] => {
  try {
    return readdirSync('/sys/kernel/mm/hugepages').flatMap(name => pageSizeOf(name) ?? [])
  } catch {
    return []
  }
}

export interface OomOptions {
  readonly host: CgroupHost
  readonly dirs: readonly GroupDir[]
  /** The container's id, which each event carries. */
  readonly id: string
  readonly signal?: AbortSignal | undefined
  /** How often counters are read where the kernel reports no changes, as on v1; 100 ms unless told otherwise. */
  readonly sampleMs?: number | undefined
}

/**
 * An event for each process of a group that is killed for memory, from the call on, until the group is empty or gone or the signal
 * aborts. Does not keep the process alive.
 */
export const oomEvents = (options: OomOptions): AsyncIterableIterator<OciEvent, undefined> => {
  const { host, dirs, signal, sampleMs = 100 } = options
  const stream = new EventStream({ host, dirs, sampleMs })
  const abort = () => stream.close()
  stream.onClose(() => signal?.removeEventListener('abort', abort))
  if (signal?.aborted) stream.close()
  else signal?.addEventListener('abort', abort, { once: true })
  return untilEmpty(stream, options.id)
}

async function* untilEmpty(stream: EventStream, id: string): AsyncGenerator<OciEvent, undefined, unknown> {
  if (!stream.populated) stream.close()
  try {
    for await (const event of stream) {
      if (event.kind === 'populated' && !event.populated) return
      if (event.kind !== 'oom') continue
      for (let i = 0; i < event.count; i++) yield { type: 'oom', id }
    }
  } finally {
    stream.close()
  }
}
