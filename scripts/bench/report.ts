import { type Goal, medianOf, type Results } from './goals.ts'
import type { Machine } from './machine.ts'

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map(row => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(' | ')} |`
  const rule = `| ${widths.map((width, column) => (column < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(head), rule, ...rows.map(line)].join('\n')
}

const ms = (value: number): string => value.toFixed(value < 10 ? 2 : 1)
const times = (value: number | undefined, base: number | undefined): string =>
  value === undefined || base === undefined ? '–' : `${(value / base).toFixed(2)}`

/** Contenders whose median is a useful unit for the others. */
const UNITS = ['node', 'floor', 'bwrap', 'crun', 'runc'] as const

const commandTable = ({ commands }: Results): string => {
  const head = ['name', 'what', 'p50 ms', 'p99 ms', 'mean ms', ...UNITS.map(name => `× ${name}`)]
  const rows = commands.flatMap(outcome =>
    outcome.kind === 'missing'
      ? []
      : [
          [
            outcome.name,
            outcome.about,
            ...[outcome.times.p50, outcome.times.p99, outcome.times.mean].map(ms),
            ...UNITS.map(name => times(outcome.times.p50, medianOf(commands, name))),
          ],
        ],
  )
  return table(head, rows)
}

const memoryTable = ({ memory }: Results): string => {
  const head = ['name', 'boxes', 'processes per box', 'PSS KiB per box', 'without the payload KiB']
  const rows = memory.flatMap(each =>
    each.kind === 'missing'
      ? []
      : [
          [
            each.name,
            String(each.boxes),
            each.processesPerBox.toFixed(1),
            each.total.toFixed(0),
            each.supervision.toFixed(0),
          ],
        ],
  )
  return table(head, rows)
}

const latencyTable = ({ latency }: Results): string => {
  const head = ['name', 'boxes alive', 'p50 ms', 'p99 ms', '× none alive', 'bare node p50 ms']
  const rows = latency.flatMap(each =>
    each.kind === 'missing'
      ? []
      : each.levels.map(({ alive, times: measured, control, ratio }, index) => [
          each.name,
          `${alive}${index > 0 && alive === 0 ? ' (after)' : ''}`,
          ms(measured.p50),
          ms(measured.p99),
          ratio.toFixed(2),
          ms(control.p50),
        ]),
  )
  return table(head, rows)
}

const runningTable = ({ running }: Results): string =>
  table(
    ['name', 'containers', 'processes per container', 'PSS KiB per container'],
    running.flatMap(each =>
      each.kind === 'missing'
        ? []
        : [
            [
              each.name,
              String(each.containers),
              each.processesPerContainer.toFixed(1),
              each.total.toFixed(0),
            ],
          ],
    ),
  )

const dockerTable = ({ docker }: Results): string => {
  const measured = docker.flatMap(each => (each.kind === 'measured' ? [each] : []))
  const base = measured.find(({ runtime }) => runtime === 'runc')?.times.p50
  return table(
    ['runtime', 'what', 'p50 ms', 'p99 ms', '× runc'],
    measured.map(({ runtime, times: found }) => [
      runtime,
      'docker run --rm --network none',
      ms(found.p50),
      ms(found.p99),
      times(found.p50, base),
    ]),
  )
}

const missing = ({ commands, memory, latency, running, docker }: Results): readonly string[] => {
  const parts = [
    ...commands.map(each => ({ part: 'command', each })),
    ...memory.map(each => ({ part: 'memory', each })),
    ...latency.map(each => ({ part: 'boxes alive', each })),
    ...running.map(each => ({ part: 'running containers', each })),
    ...docker.map(each => ({ part: 'docker run', each: { ...each, name: each.runtime } })),
  ]
  return parts.flatMap(({ part, each }) =>
    each.kind === 'missing' ? [`- ${each.name} (${part}): ${each.why}`] : [],
  )
}

const about = (machine: Machine): string =>
  [
    `${machine.date.slice(0, 10)}, ${machine.system}, Linux ${machine.kernel}, cgroups ${machine.cgroups},`,
    `${machine.cores} × ${machine.cpu}, ${machine.memoryGiB} GiB, load ${machine.load}, Node ${machine.node};`,
    `${Object.values(machine.versions).join(', ')}.`,
  ].join(' ')

const goalLines = (goals: readonly Goal[]): readonly string[] =>
  goals.map(
    ({ text, verdict, found }) => `- ${verdict === 'met' ? 'met' : `**${verdict}**`}: ${text} (${found})`,
  )

/** The whole report as Markdown. */
export const reportMarkdown = ({
  machine,
  results,
  goals,
  rounds,
}: {
  readonly machine: Machine
  readonly results: Results
  readonly goals: readonly Goal[]
  readonly rounds: number
}): string => {
  const section = (title: string, body: string, shown: boolean) => (shown ? [`## ${title}`, body] : [])
  const left = missing(results)
  const runs = `${rounds} runs each, interleaved; with under 100 runs p99 is the slowest`
  const sections = [
    about(machine),
    ...section(`Whole commands (${runs})`, commandTable(results), results.commands.length > 0),
    ...section('Memory per idle box', memoryTable(results), results.memory.length > 0),
    ...section('Start latency with boxes alive', latencyTable(results), results.latency.length > 0),
    ...section('Docker, one daemon with both runtimes', dockerTable(results), results.docker.length > 0),
    ...section('Memory per running container', runningTable(results), results.running.length > 0),
    ...section('Not measured', left.join('\n'), left.length > 0),
    ...section('Goals', goalLines(goals).join('\n'), true),
  ]
  return `${sections.join('\n\n')}\n`
}
