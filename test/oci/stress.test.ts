// Fifty ids, eight workers, random verbs: only states of the specification are seen, nobody crashes, and nothing is left (J8).
// 15 seconds, or TSBOX_STRESS_SECONDS.
import type { Outcome } from '../helpers/command.ts'
import { type Oci, ociTests } from './helpers/oci-test.ts'

const test = ociTests(import.meta.filename)

const SECONDS = Number(process.env.TSBOX_STRESS_SECONDS ?? 15)
const IDS = 50
const WORKERS = 8

const STATES: ReadonlySet<string> = new Set(['creating', 'created', 'running', 'paused', 'stopped'])

/** A verb, and how often it is chosen. */
const VERBS: readonly (readonly [number, (id: string, bundle: string) => readonly string[]])[] = [
  [6, (id, bundle) => ['create', '--bundle', bundle, id]],
  [2, (id, bundle) => ['run', '--detach', '--bundle', bundle, id]],
  [6, id => ['start', id]],
  [4, id => ['kill', id, 'KILL']],
  [1, id => ['kill', '--all', id, 'KILL']],
  [1, id => ['kill', id, 'TERM']],
  [4, id => ['delete', id]],
  [2, id => ['delete', '--force', id]],
  [2, id => ['exec', id, 'true']],
  [1, id => ['exec', '--detach', id, '/bin/probe', 'sleep', '2']],
  [1, id => ['pause', id]],
  [2, id => ['resume', id]],
  [1, id => ['update', '--pids-limit', '60', id]],
  [1, id => ['ps', '--format', 'json', id]],
  [4, id => ['state', id]],
  [1, () => ['list', '--format', 'json']],
]

const BAG = VERBS.flatMap(([times, verb]) => Array.from({ length: times }, () => verb))

const pick = <T>(items: readonly T[]): T => items[Math.floor(Math.random() * items.length)] as T

const statesIn = ([verb]: readonly string[], { stdout }: Outcome): readonly string[] => {
  if (verb === 'state') return [JSON.parse(stdout).status]
  if (verb === 'list') return JSON.parse(stdout).map(({ status }: { readonly status: string }) => status)
  return []
}

/** What is wrong with the outcome of a verb: it may work or be refused in words, and nothing else. */
const problem = (words: readonly string[], outcome: Outcome): string | undefined => {
  const { status, stderr } = outcome
  const refused = status === 1 && /^tsbox: [\s\S]+ \[ERR_TSBOX_[A-Z_]+\]/.test(stderr)
  // exec ends like its program, which may have been killed.
  const died = words[0] === 'exec' && status === 137
  if (status !== 0 && !refused && !died) return JSON.stringify({ words, ...outcome })
  if (status !== 0) return undefined
  const odd = statesIn(words, outcome).filter(state => !STATES.has(state))
  return odd.length === 0 ? undefined : `${words.join(' ')}: ${odd}`
}

const work = async (
  { tsbox }: Oci,
  { ids, bundle, end }: { readonly ids: readonly string[]; readonly bundle: string; readonly end: number },
) => {
  const counts = new Map<string, number>()
  const problems: string[] = []
  while (Date.now() < end && problems.length < 5) {
    const words = pick(BAG)(pick(ids), bundle)
    const outcome = await tsbox(words, { patience: 60_000 })
    const key = `${words[0]} ${outcome.status === 0 ? 'works' : 'is refused'}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
    const found = problem(words, outcome)
    if (found !== undefined) problems.push(found)
  }
  return { counts, problems }
}

await test(`${IDS} ids, ${WORKERS} workers, random verbs for ${SECONDS} s`, {}, async oci => {
  const { t, marker, ok, bundle, tsbox } = oci
  // Groups are named after ids where the configuration names none.
  const { dir } = bundle(marker, { linux: { cgroupsPath: undefined } })
  const ids = Array.from({ length: IDS }, (_, i) => `${marker}-${i}`)
  const end = Date.now() + SECONDS * 1000
  const results = await Promise.all(
    Array.from({ length: WORKERS }, () => work(oci, { ids, bundle: dir, end })),
  )
  t.same(
    results.flatMap(({ problems }) => problems),
    [],
  )
  const total = new Map<string, number>()
  for (const { counts } of results)
    for (const [key, count] of counts) total.set(key, (total.get(key) ?? 0) + count)
  t.comment(
    [...total]
      .sort()
      .map(([key, count]) => `${key} ${count}`)
      .join(', '),
  )
  for (const id of ids) await ok(['delete', '--force', id])
  t.equal((await tsbox(['list', '-q'])).stdout, '')
})
