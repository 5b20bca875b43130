import { setTimeout } from 'node:timers/promises'
import {
  detectHost,
  eventText,
  hugePageSizes,
  type OciEvent,
  ociStats,
  oomEvents,
  parseDuration,
  readerOf,
} from '@tsbox/cgroups'
import { isTsboxError } from '@tsbox/errors'
import { livingGroup, readContainer, type StoredContainer } from '@tsbox/runtime'
import { describeOptions, type OptionRow } from '../../option.ts'
import { printText } from '../../report/print.ts'
import { type Context, readVerb } from './context.ts'
import { exactly, usage } from './words.ts'

interface EventsSettings {
  interval: number
  stats: boolean
}

const EVENTS_OPTIONS: readonly OptionRow<EventsSettings>[] = [
  {
    name: 'interval',
    value: 'TIME',
    group: 'events',
    help: 'between two counts; default: 5s',
    set: (s, v) => {
      s.interval = parseDuration(v, '--interval')
      if (s.interval < 1) throw usage('events', '--interval: it must be at least 1 ms')
    },
  },
  {
    name: 'stats',
    group: 'events',
    help: 'count once, and end',
    set: s => {
      s.stats = true
    },
  },
]

/** `events`: counters at intervals, and each process that is killed for memory, until the container ends. */
export const eventsVerb = async (context: Context): Promise<number | string> => {
  const settings: EventsSettings = { interval: 5000, stats: false }
  const { words, help } = readVerb(context, EVENTS_OPTIONS, settings)
  if (help) return HELP()
  const [id] = exactly(words, ['ID'], 'events')
  const container = readContainer(context.globals.root, id)
  if (settings.stats) return `${eventText(statsEvent(container))}\n`
  await follow(container, settings.interval)
  return 0
}

const statsEvent = (container: StoredContainer): OciEvent => ({
  type: 'stats',
  id: container.kept.id,
  data: ociStats({ host: detectHost(), read: readerOf(livingGroup(container)), pageSizes: hugePageSizes() }),
})

const follow = async (container: StoredContainer, interval: number): Promise<void> => {
  const dirs = livingGroup(container)
  const ended = new AbortController()
  const counting = count(container, { interval, signal: ended.signal })
  for await (const event of oomEvents({ host: detectHost(), dirs, id: container.kept.id }))
    printText(`${eventText(event)}\n`)
  ended.abort()
  await counting
}

const count = async (
  container: StoredContainer,
  { interval, signal }: { readonly interval: number; readonly signal: AbortSignal },
): Promise<void> => {
  while (!signal.aborted) {
    try {
      printText(`${eventText(statsEvent(container))}\n`)
    } catch (error) {
      if (!isTsboxError(error)) throw error
      return
    }
    await setTimeout(interval, undefined, { signal }).catch(() => {})
  }
}

const HELP = () => `Usage: tsbox events [options] ID

Print what a container uses, as a line of JSON at each interval, and when a process of it is killed for memory.

${describeOptions(EVENTS_OPTIONS)}

Example: sudo tsbox events --stats web
`
