import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { env } from 'node:process'
import { parseArgs } from 'node:util'
import { measureAlive } from './alive.ts'
import { endAll } from './boxes.ts'
import { findCgroups } from './cgroup-sweep.ts'
import type { Contender } from './contender.ts'
import { contenders } from './contenders.ts'
import { measureDocker } from './docker-runs.ts'
import { TAG } from './environment.ts'
import { type Fixture, makeFixture, OUTPUT, removeFixture } from './fixture.ts'
import { judgeGoals, type Results } from './goals.ts'
import { interrupt, wasInterrupted } from './interruption.ts'
import { describeMachine, type Machine } from './machine.ts'
import { measureAll } from './measure.ts'
import { measureIdle } from './memory.ts'
import { reportMarkdown } from './report.ts'
import { measureRunning } from './running.ts'

const USAGE = `node scripts/bench/main.mts [--check] [--markdown FILE] [--part command|memory|alive|docker|running]...
environment: TSBOX (the installed command), BENCH_N (40), BENCH_IDLE (100), BENCH_PEER_IDLE (10),
             BENCH_ALIVE (0,100,500), BENCH_RUNNING (20), BENCH_DOCKER_N (20)`

const PARTS = ['command', 'memory', 'alive', 'docker', 'running'] as const

const { values: options } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    markdown: { type: 'string' },
    part: { type: 'string', multiple: true, default: [...PARTS] },
    help: { type: 'boolean', default: false },
  },
})

const numberFrom = (name: string, otherwise: number): number => {
  const value = Number(env[name] ?? otherwise)
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name} has to be a whole number above 0`)
  return value
}

const settings = {
  rounds: numberFrom('BENCH_N', 40),
  idle: numberFrom('BENCH_IDLE', 100),
  peerIdle: numberFrom('BENCH_PEER_IDLE', 10),
  running: numberFrom('BENCH_RUNNING', 20),
  dockerRounds: numberFrom('BENCH_DOCKER_N', 20),
  alive: (env.BENCH_ALIVE ?? '0,100,500').split(',').map(Number),
}

const progress = (text: string): void => {
  process.stderr.write(`bench: ${text}\n`)
}

const includes = (part: (typeof PARTS)[number]): boolean => options.part.includes(part)

const measureMemory = async (everyone: readonly Contender[]): Promise<Results['memory']> => {
  const results: Results['memory'][number][] = []
  for (const contender of everyone.filter(({ idle }) => idle !== undefined)) {
    const own = contender.name.startsWith('tsbox') || contender.name === 'floor'
    progress(`memory: ${contender.name}`)
    results.push(await measureIdle(contender, own ? settings.idle : settings.peerIdle))
    await endAll()
    contender.cleanup?.()
  }
  return results
}

const measureLatency = async (
  fixture: Fixture,
  everyone: readonly Contender[],
): Promise<Results['latency']> => {
  const results: Results['latency'][number][] = []
  const control = everyone.find(({ name }) => name === 'node')!
  for (const contender of everyone.filter(({ name }) => name === 'tsbox' || name === 'floor')) {
    progress(`boxes alive: ${contender.name} with ${settings.alive.join(', ')}`)
    const { alive: levels, rounds } = settings
    results.push(await measureAlive({ floor: fixture.floor, contender, control, levels, rounds }))
    await endAll()
    contender.cleanup?.()
  }
  return results
}

const measureContainers = async (everyone: readonly Contender[]): Promise<Results['running']> => {
  const results: Results['running'][number][] = []
  for (const contender of everyone.filter(({ detached }) => detached !== undefined)) {
    progress(`running containers: ${contender.name}`)
    results.push(await measureRunning(contender, settings.running))
  }
  return results
}

const measureEngine = async ({ tsbox }: Fixture): Promise<Results['docker']> => {
  progress(`docker run: ${settings.dockerRounds} rounds of two runtimes`)
  return measureDocker(tsbox, settings.dockerRounds)
}

const measure = async (fixture: Fixture, everyone: readonly Contender[]): Promise<Results> => {
  const { rounds } = settings
  if (includes('command')) progress(`commands: ${rounds} rounds of ${everyone.length} contenders`)
  return {
    commands: includes('command') ? await measureAll(fixture.floor, everyone, { rounds, warmUp: 3 }) : [],
    memory: includes('memory') ? await measureMemory(everyone) : [],
    latency: includes('alive') ? await measureLatency(fixture, everyone) : [],
    docker: includes('docker') ? await measureEngine(fixture) : [],
    running: includes('running') ? await measureContainers(everyone) : [],
  }
}

const tidy = async (fixture: Fixture, everyone: readonly Contender[]): Promise<void> => {
  await endAll()
  for (const contender of everyone) if (contender.whyMissing() === undefined) contender.cleanup?.()
  const left = findCgroups(TAG)
  if (left.length > 0) progress(`LEFT BEHIND: ${left.join(' ')}`)
  removeFixture(fixture)
}

const publish = (machine: Machine, results: Results): number => {
  const goals = judgeGoals(results)
  const text = reportMarkdown({ machine, results, goals, rounds: settings.rounds })
  const file = join(OUTPUT, `${machine.date.replaceAll(':', '-').slice(0, 19)}.json`)
  mkdirSync(OUTPUT, { recursive: true })
  writeFileSync(file, `${JSON.stringify({ machine, settings, results, goals }, null, 2)}\n`)
  if (options.markdown !== undefined) writeFileSync(options.markdown, text)
  process.stdout.write(text)
  progress(`wrote ${file}`)
  const open = goals.filter(({ verdict }) => verdict !== 'met')
  if (open.length > 0) progress(`${open.length} OF ${goals.length} GOALS NOT MET`)
  return options.check && open.length > 0 ? 1 : 0
}

const main = async (): Promise<number> => {
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  const fixture = makeFixture()
  const everyone = contenders(fixture)
  try {
    const machine = describeMachine(fixture)
    return publish(machine, await measure(fixture, everyone))
  } catch (error) {
    if (!wasInterrupted()) throw error
    progress('interrupted')
    return 130
  } finally {
    await tidy(fixture, everyone)
  }
}

if (options.help) process.stdout.write(`${USAGE}\n`)
else if (process.geteuid?.() !== 0) {
  progress('boxes need root: run it with sudo')
  process.exitCode = 2
} else process.exitCode = await main()
