import { raceStarts, swap } from '../../helpers/attack.ts'
import type { Json } from '../../oci/helpers/config.ts'
import type { Oci } from '../../oci/helpers/oci-test.ts'
import type { Scene } from './scene.ts'

export interface Race {
  readonly starts: number
  /** What the containers printed that ended well. */
  readonly outputs: readonly string[]
}

/**
 * Starts containers while two names are exchanged; TSBOX_RACES=2000 does it as often as the reference asks for.
 *
 * @param over the configuration of each, by its number
 */
export const race = async (
  oci: Oci,
  scene: Scene,
  names: readonly [string, string],
  over: (i: number) => Json,
): Promise<Race> => {
  const stop = await swap(...names)
  const outputs: string[] = []
  const counts = new Map<string, number>()
  const starts = await raceStarts(async i => {
    const { stdout, status } = await scene.run(over(i))
    if (status === 0) outputs.push(stdout)
    counts.set(`${status}`, (counts.get(`${status}`) ?? 0) + 1)
  })
  await stop()
  const ends = [...counts].map(([status, n]) => `${status}: ${n}`).join(', ')
  oci.t.comment(`${starts} starts, by exit status: ${ends}`)
  return { starts, outputs }
}

/** A bind, with all that is mounted below. */
export const bind = (destination: string, source: string): Json => ({
  destination,
  type: 'bind',
  source,
  options: ['rbind'],
})
