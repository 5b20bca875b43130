import { mkdirSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import type { BoxInput } from '../../packages/spec/src/index.ts'
import { inParallel } from './boxes.ts'
import { NOTHING, settled } from './residue.ts'
import { probeRootfs } from './rootfs.ts'
import {
  familyOf,
  hasInit,
  isRunning,
  killBoth,
  killNow,
  launch,
  type PausedBox,
  type Point,
  planOf,
  pointsOf,
  startPaused,
  survivors,
} from './step.ts'

const marker = `step-${process.pid}`

/** Who is killed; whoever is left goes on by itself, or is told to. */
const VICTIMS: Readonly<Record<string, (box: PausedBox) => void>> = {
  supervisor: ({ supervisor }) => killNow(supervisor),
  init: ({ init, shim }) => {
    killNow(init)
    shim.release()
  },
  owner: ({ shim }) => shim.abandon(),
  janitor: ({ janitor, shim }) => {
    killNow(janitor)
    shim.release()
    shim.child.kill('SIGTERM')
  },
  'supervisor and janitor': killBoth,
}

/** An emulated machine would take too long for every operation of init: there it is every tenth. */
const STRIDE = process.env.TSBOX_TEST_VM === '1' ? 10 : 1

interface Box {
  readonly name: string
  readonly root: 'system' | 'layers'
  /** Of this test file. */
  readonly dir: string
}

/** What a user asks for; with layers, the kept one is a directory of the box's own. */
const inputOf = ({ name, root, dir }: Box, program: readonly string[]): BoxInput => {
  if (root === 'system') return { name, args: [...program] }
  const upper = join(dir, name, 'upper')
  mkdirSync(upper, { recursive: true })
  return {
    name,
    root: { kind: 'layers', layers: [join(dir, 'layer')], upper },
    args: ['/bin/probe', ...program],
  }
}

/** What lies beside the kept layer: nothing, when the directory overlayfs works in has gone with the box. */
const besideUpper = ({ name, root, dir }: Box): readonly string[] =>
  root === 'system' ? [] : readdirSync(dirname(join(dir, name, 'upper'))).filter(file => file !== 'upper')

/** Stops a box at the point, kills, and looks at what is left when everybody has ended. */
const killAt = async (box: Box, point: Point, victim: string) => {
  const stays = isRunning(point) || point.name.endsWith(' clone')
  const { plan } = planOf(inputOf(box, stays ? ['sleep', '60'] : ['true']))
  const paused = await startPaused(plan, point)
  const family = familyOf(paused.supervisor)
  VICTIMS[victim]!(paused)
  const alive = await survivors(family)
  paused.shim.abandon()
  if (alive.length > 0) return [{ point: point.name, alive }]
  // Nobody is left who could clean up: the next box of this name does.
  const needsNext = victim === 'supervisor and janitor'
  const next = needsNext ? await launch(planOf(inputOf(box, ['true'])).plan).ended : undefined
  const left = { ...(await settled(box.name, 5000)), work: besideUpper(box) }
  const clean = Object.values(left).every(list => list.length === 0)
  return clean && (next?.code ?? 0) === 0 ? [] : [{ point: point.name, next, left }]
}

/**
 * For each victim one test: a box with this root is stopped after each of its operations, its victim is killed, and
 * nothing is left.
 */
export const testKills = (t: Test, root: Box['root']): void => {
  for (const [number, victim] of Object.keys(VICTIMS).entries()) {
    t.test(`nothing is left of a box with ${root} when its ${victim} is killed at any operation`, async t => {
      const dir = t.testdir({ layer: {} })
      probeRootfs(join(dir, 'layer'))
      const { plan } = planOf(inputOf({ name: 'looked-at', root, dir }, ['true']))
      const points = pointsOf(plan)
        .filter(point => victim !== 'init' || hasInit(point))
        .filter((point, i) => point.chapter !== 'inner' || i % STRIDE === 0)
      const begin = Date.now()
      const left = await inParallel([...points.entries()], ([i, point]) =>
        killAt({ name: `${marker}-${number}-${String(i).padStart(4, '0')}`, root, dir }, point, victim),
      )
      t.comment(`${points.length} points, every ${STRIDE}. of init's, in ${Date.now() - begin} ms`)
      t.ok(points.length > 60 / STRIDE, 'there are points to stop at')
      t.same(left.flat(), [])
    })
  }
  t.test('nothing at all is left', async t => {
    t.same(await settled(marker), NOTHING)
  })
}
