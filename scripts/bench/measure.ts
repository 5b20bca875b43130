import { spawnSync } from 'node:child_process'
import type { Contender } from './contender.ts'
import { environment } from './environment.ts'
import { unlessInterrupted } from './interruption.ts'
import { type Summary, summarize } from './stats.ts'

/**
 * Wall time of one whole command, in milliseconds, taken around fork, exec and wait by the C floor: a parent of a few
 * pages, so that no contender pays for the size of this process.
 * @throws Error when the command fails
 */
export const timeOnce = (floor: string, { command, surroundings = [] }: Contender): number => {
  const [file = '', ...args] = [...surroundings, floor, 'loop', '1', 'bare', ...command()]
  const ran = spawnSync(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment,
    encoding: 'utf8',
    timeout: 60_000,
  })
  const microseconds = /p50=(\d+) p99=\d+\n$/.exec(ran.stdout ?? '')?.[1]
  if (ran.status === 0 && microseconds !== undefined) return Number(microseconds) / 1000
  const said = ran.error?.message ?? ran.stderr.trim().split('\n').at(-1)
  throw new Error(`exit ${ran.status ?? ran.signal}${said ? `: ${said}` : ''}`)
}

export type Outcome =
  | { readonly kind: 'measured'; readonly name: string; readonly about: string; readonly times: Summary }
  | { readonly kind: 'missing'; readonly name: string; readonly about: string; readonly why: string }

type Entrant = { readonly contender: Contender; readonly samples: number[]; failure: string | undefined }

const sample = (entrant: Entrant, floor: string, keep: boolean): void => {
  if (entrant.failure !== undefined) return
  try {
    const time = timeOnce(floor, entrant.contender)
    if (keep) entrant.samples.push(time)
  } catch (error) {
    entrant.failure = `fails: ${error instanceof Error ? error.message : String(error)}`
  }
}

/**
 * Runs everyone once per round, so that a slow minute of the machine hits all of them, and starts each round with
 * another one, so that nobody always follows the same neighbour.
 */
export const measureAll = async (
  floor: string,
  everyone: readonly Contender[],
  { rounds, warmUp }: { readonly rounds: number; readonly warmUp: number },
): Promise<readonly Outcome[]> => {
  const entrants = everyone.map(
    (contender): Entrant => ({ contender, samples: [], failure: contender.whyMissing() }),
  )
  for (const { contender, failure } of entrants) if (failure === undefined) contender.prepare?.()
  for (let round = -warmUp; round < rounds; round += 1) {
    await unlessInterrupted()
    const first = (round + warmUp) % entrants.length
    for (const entrant of [...entrants.slice(first), ...entrants.slice(0, first)]) {
      sample(entrant, floor, round >= 0)
    }
  }
  return entrants.map(({ contender: { name, about }, samples, failure }) =>
    failure === undefined
      ? { kind: 'measured', name, about, times: summarize(samples) }
      : { kind: 'missing', name, about, why: failure },
  )
}
