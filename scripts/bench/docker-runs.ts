import { performance } from 'node:perf_hooks'
import { withDockerd } from '../../test/clients/helpers/dockerd.ts'
import { IMAGE } from '../../test/clients/helpers/images.ts'
import { whyNotRunnable } from '../../test/clients/helpers/packages.ts'
import { which } from './executables.ts'
import { unlessInterrupted } from './interruption.ts'
import { type Summary, summarize } from './stats.ts'

/** `docker run` with one of the runtimes that one daemon has. */
export type DockerRun =
  | { readonly kind: 'measured'; readonly runtime: string; readonly times: Summary }
  | { readonly kind: 'missing'; readonly runtime: string; readonly why: string }

const RUNTIMES = ['tsbox', 'runc'] as const
const WARM_UP = 2
const NEEDED = ['dockerd', 'docker', 'containerd', 'iptables', 'ip', 'tini', 'busybox', 'nsenter']

/**
 * Whole commands, `docker run --rm --network none IMAGE true`, with both runtimes in turn under one daemon that the tests with
 * real engines start as well.
 */
export const measureDocker = async (
  tsbox: string | undefined,
  rounds: number,
): Promise<readonly DockerRun[]> => {
  const why = whyNotRunnable(NEEDED) ?? (tsbox === undefined ? 'tsbox is not built' : undefined)
  if (why !== undefined || which('runc') === undefined)
    return RUNTIMES.map(runtime => ({ kind: 'missing', runtime, why: why ?? 'runc is not installed' }))
  process.env.TSBOX_CLIENT_RUNTIME = tsbox
  return withDockerd({}, async ({ docker }) => {
    const samples = new Map<string, number[]>(RUNTIMES.map(runtime => [runtime, []]))
    for (let round = -WARM_UP; round < rounds; round += 1) {
      await unlessInterrupted()
      for (const runtime of round % 2 === 0 ? RUNTIMES : RUNTIMES.toReversed()) {
        const begin = performance.now()
        const { status, stderr } = await docker([
          'run',
          '--rm',
          '--network',
          'none',
          '--runtime',
          runtime,
          IMAGE,
          'true',
        ])
        if (status !== 0) throw new Error(`docker run --runtime ${runtime}: ${stderr.trim()}`)
        if (round >= 0) samples.get(runtime)?.push(performance.now() - begin)
      }
    }
    return RUNTIMES.map(runtime => ({
      kind: 'measured',
      runtime,
      times: summarize(samples.get(runtime) ?? []),
    }))
  })
}
