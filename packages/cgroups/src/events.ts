import { type FSWatcher, watch } from 'node:fs'
import { peekText } from './files.ts'
import { numberAfter } from './flat-file.ts'
import type { CgroupHost } from './host.ts'
import type { GroupDir } from './layout.ts'
import { type Counter, eventCounters } from './notable.ts'

/** Something that happened to a group. */
export type CgroupEvent =
  | {
      /** Processes killed for memory; times slowed down at `memory.high`; forks refused by `pids.max`. */
      readonly kind: Counter['kind']
      /** How often since the previous event of this kind. */
      readonly count: number
      /** How often since the group began. */
      readonly total: number
    }
  | {
      readonly kind: 'populated'
      /** Whether any process is in the group now. */
      readonly populated: boolean
    }

interface Source extends Counter {
  readonly path: string
  seen: number
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

const populatedIn = (text: string, version: 1 | 2): boolean =>
  version === 2 ? numberAfter(text, 'populated') === 1 : text.trim() !== ''

/**
 * A group's events, watched from the moment this is made. Counters are read when inotify reports a change (the v2 tree's
 * files) and every `sampleMs` besides (v1's files report nothing). Events not fetched yet are kept, counts added together.
 */
export class EventStream implements AsyncIterableIterator<CgroupEvent, undefined> {
  readonly #sources: readonly Source[]
  readonly #life: { readonly path: string; readonly version: 1 | 2 }
  readonly #queue: CgroupEvent[] = []
  readonly #waiting: ((result: IteratorResult<CgroupEvent, undefined>) => void)[] = []
  readonly #watchers: FSWatcher[] = []
  readonly #timer: NodeJS.Timeout
  readonly #closers: (() => void)[] = []
  #populated: boolean
  #closed = false

  constructor({ host, dirs, sampleMs }: { host: CgroupHost; dirs: readonly GroupDir[]; sampleMs: number }) {
    this.#sources = eventCounters(host).flatMap(counter => {
      const dir = dirs.find(({ mount }) => mount === counter.mount)
      if (dir === undefined) return []
      const path = `${dir.path}/${counter.file}`
      return [{ ...counter, path, seen: numberAfter(peekText(path), counter.key) ?? 0 }]
    })
    const home = dirs.find(dir => dir.version === 2) ?? dirs[0]!
    this.#life = {
      path: `${home.path}/${home.version === 2 ? 'cgroup.events' : 'cgroup.procs'}`,
      version: home.version,
    }
    this.#populated = populatedIn(peekText(this.#life.path) ?? '', this.#life.version)
    this.#timer = setInterval(() => this.sample(), sampleMs).unref()
    this.#watch(host)
  }

  /** Whether any process was in the group when it was last looked at. */
  get populated(): boolean {
    return this.#populated
  }

  /** Reads the counters now. Ends the stream when the group is gone. */
  sample(): void {
    if (this.#closed) return
    for (const source of this.#sources) {
      const total = numberAfter(peekText(source.path), source.key)
      if (total === undefined || total <= source.seen) continue
      this.#push({ kind: source.kind, count: total - source.seen, total })
      source.seen = total
    }
    const text = peekText(this.#life.path)
    if (text === undefined) {
      this.close()
      return
    }
    const populated = populatedIn(text, this.#life.version)
    if (populated === this.#populated) return
    this.#populated = populated
    this.#push({ kind: 'populated', populated })
  }

  /** Stops watching. What was seen before can still be fetched. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#timer)
    for (const watcher of this.#watchers) watcher.close()
    for (const closer of this.#closers) closer()
    for (const resolve of this.#waiting.splice(0)) resolve(DONE)
  }

  onClose(closer: () => void): void {
    if (this.#closed) closer()
    else this.#closers.push(closer)
  }

  async next(): Promise<IteratorResult<CgroupEvent, undefined>> {
    const value = this.#queue.shift()
    if (value !== undefined) return { done: false, value }
    if (this.#closed) return DONE
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  async return(): Promise<IteratorResult<CgroupEvent, undefined>> {
    this.#queue.length = 0
    this.close()
    return DONE
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #push(event: CgroupEvent): void {
    const resolve = this.#waiting.shift()
    if (resolve !== undefined) {
      resolve({ done: false, value: event })
      return
    }
    const at = this.#queue.findIndex(({ kind }) => kind === event.kind)
    const queued = this.#queue[at]
    if (queued === undefined || queued.kind === 'populated' || event.kind === 'populated') {
      this.#queue.push(event)
      // Nobody fetches: of a long series of comings and goings only the recent ones stay.
      if (this.#queue.length > 1000)
        this.#queue.splice(
          this.#queue.findIndex(({ kind }) => kind === 'populated'),
          2,
        )
      return
    }
    this.#queue[at] = { ...event, count: queued.count + event.count }
  }

  #watch(host: CgroupHost): void {
    const tree = host.unified?.mount
    const paths = this.#sources.filter(({ mount }) => mount === tree).map(({ path }) => path)
    if (this.#life.version === 2) paths.push(this.#life.path)
    for (const path of new Set(paths)) {
      try {
        const watcher = watch(path, { persistent: false }, () => this.sample())
        watcher.on('error', () => watcher.close())
        this.#watchers.push(watcher)
      } catch {
        // Without a free inotify watch the timer alone must do.
      }
    }
  }
}
