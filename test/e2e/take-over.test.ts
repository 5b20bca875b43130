import { existsSync } from 'node:fs'
import t from 'tap'
import { errorOf } from '../../packages/shim/src/index.ts'
import { inParallel } from '../helpers/boxes.ts'
import { command, outcomeOf, tsbox } from '../helpers/command.ts'
import { NOTHING, settled, snapshot } from '../helpers/residue.ts'
import {
  familyOf,
  janitorOf,
  killBoth,
  killNow,
  launch,
  type PausedBox,
  type Point,
  planOf,
  pointsOf,
  startPaused,
  survivors,
} from '../helpers/step.ts'

t.setTimeout(process.env.TSBOX_TEST_VM === '1' ? 600_000 : 110_000)

const isEmulated = process.env.TSBOX_TEST_VM === '1'
if (isEmulated) t.comment('a tenth of the rounds: this machine is emulated')
const rounds = (count: number): number => (isEmulated ? Math.ceil(count / 10) : count)

const marker = `takeover-${process.pid}`
let count = 0

/** A box whose program runs. */
const startRunning = async (name: string): Promise<PausedBox> => {
  const { plan } = planOf({ name, args: ['sleep', '60'] })
  return startPaused(plan, pointsOf(plan).find(point => point.name.endsWith(' exec')) as Point)
}

const end = async ({ shim }: PausedBox) => {
  shim.abandon()
  return shim.ended
}

t.test('what a box leaves when nobody is left to clean up, the next of its name removes', async t => {
  const name = `${marker}-${++count}`
  const { supervisor, janitor } = await startRunning(name)
  const family = familyOf(supervisor)
  killBoth({ supervisor, janitor })
  t.same(await survivors(family), [], 'the program dies with its supervisor')
  const left = snapshot(name)
  t.equal(left.runDirs.length, 1, 'its directory is left')
  t.ok(left.cgroups.length > 0, 'its cgroups are left')
  const { plan } = planOf({ name, args: ['sh', '-c', 'exit 3'] })
  t.equal((await launch(plan).ended).code, 3)
  t.same(await settled(name), NOTHING)
})

t.test('a box that is killed while it removes what a dead one left leaves nothing either', async t => {
  for (let round = 0; round < rounds(40); round++) {
    const name = `${marker}-heir`
    const { supervisor, janitor } = await startRunning(name)
    killBoth({ supervisor, janitor })
    const heir = launch(planOf({ name, args: ['true'] }).plan)
    const until = performance.now() + 0.5 + round / 4
    while (performance.now() < until);
    const family = familyOf(heir.child.pid ?? 0)
    killNow(heir.child.pid ?? 0)
    await heir.ended
    await survivors(family)
    // A kill that came before the name was taken leaves the first box's leavings where they were.
    await launch(planOf({ name, args: ['true'] }).plan).ended
    t.same(await settled(name, 3000), NOTHING)
  }
})

t.test('the program of a box of another user also dies with its supervisor', async t => {
  const name = `${marker}-${++count}`
  const { plan } = planOf({ name, args: ['sleep', '60'], user: { uid: 1000, gid: 1000 } })
  const point = pointsOf(plan).find(candidate => candidate.name.endsWith(' exec')) as Point
  const { supervisor, janitor } = await startPaused(plan, point)
  const family = familyOf(supervisor)
  killBoth({ supervisor, janitor })
  t.same(await survivors(family, 3000), [])
  t.equal((await launch(planOf({ name, args: ['true'] }).plan).ended).code, 0)
  t.same(await survivors(family, 3000), [])
  t.same(await settled(name), NOTHING)
})

t.test('a janitor that is killed is replaced, and the new one cleans up', async t => {
  const name = `${marker}-${++count}`
  const box = await startRunning(name)
  let janitor = box.janitor
  for (let round = 0; round < 3; round++) {
    killNow(janitor)
    const next = await janitorOf(box.supervisor, janitor)
    t.not(next, janitor, 'there is a new one')
    janitor = next
  }
  const family = familyOf(box.supervisor)
  t.equal(family.length, 3, 'a supervisor, its janitor and the program: no more, no less')
  killNow(box.supervisor)
  t.same(await survivors(family), [])
  t.same(await settled(name), NOTHING)
})

t.test('a second box of a name that is taken is refused and changes nothing of the first', async t => {
  const name = `${marker}-${++count}`
  const first = await startRunning(name)
  const before = snapshot(name)
  const { plan } = planOf({ name, args: ['true'] })
  const refusals = await inParallel(
    [...Array(rounds(24)).keys()],
    async () => {
      const second = launch(plan)
      const { code } = await second.ended
      return `${code} ${errorOf(plan, second.records)?.code}`
    },
    4,
  )
  t.same([...new Set(refusals)], ['125 ERR_TSBOX_NAME_TAKEN'])
  t.same(snapshot(name), before)
  t.equal((await end(first)).code, 137)
  t.same(await settled(name), NOTHING)
})

t.test('a second box that is killed while it is refused changes nothing of the first', async t => {
  const name = `${marker}-${++count}`
  const first = await startRunning(name)
  const before = snapshot(name)
  const { plan } = planOf({ name, args: ['true'] })
  const families = await inParallel([...Array(rounds(60)).keys()], async i => {
    const second = launch(plan)
    const until = performance.now() + i / 15
    while (performance.now() < until);
    const family = familyOf(second.child.pid ?? 0)
    killNow(second.child.pid ?? 0)
    await second.ended
    return family
  })
  t.same(snapshot(name), before)
  t.equal((await end(first)).code, 137)
  t.same(await survivors(families.flat()), [])
  t.same(await settled(name), NOTHING)
})

t.test(
  'of many boxes that ask for one name at once, one at a time has it, and all leave nothing',
  async t => {
    const name = `${marker}-${++count}`
    const { plan } = planOf({ name, args: ['true'] })
    const ends = await inParallel(
      [...Array(rounds(60)).keys()],
      async () => {
        const box = launch(plan)
        const { code } = await box.ended
        return code === 0 ? 'ran' : (errorOf(plan, box.records)?.code ?? `${code}`)
      },
      6,
    )
    t.ok(ends.includes('ran'))
    t.same(
      ends.filter(word => word !== 'ran' && word !== 'ERR_TSBOX_NAME_TAKEN'),
      [],
    )
    t.same(await settled(name), NOTHING)
  },
)

t.test('a supervisor that is killed at any moment leaves nothing', async t => {
  const boxes = await inParallel(
    [...Array(rounds(200)).keys()],
    async i => {
      const name = `${marker}-any-${String(i).padStart(3, '0')}`
      const box = launch(planOf({ name, args: ['true'] }).plan)
      const until = performance.now() + i / 20
      while (performance.now() < until);
      const family = familyOf(box.child.pid ?? 0)
      killNow(box.child.pid ?? 0)
      await box.ended
      return family
    },
    2,
  )
  t.same(await survivors(boxes.flat()), [])
  t.same(await settled(marker), NOTHING)
})

t.test('init that is born to a supervisor that is killed in that moment does not live on', async t => {
  const left = await inParallel(
    [...Array(rounds(100)).keys()],
    async i => {
      const name = `${marker}-born-${String(i).padStart(3, '0')}`
      const { plan } = planOf({ name, args: ['sleep', '60'] })
      let family: readonly string[] = []
      const box = launch(plan, ({ kind }) => {
        if (kind !== 'cloned') return
        family = familyOf(box.child.pid ?? 0)
        killNow(box.child.pid ?? 0)
      })
      await box.ended
      return survivors(family)
    },
    2,
  )
  t.same(left.flat(), [])
  t.same(await settled(marker), NOTHING)
  t.notOk(existsSync(`/run/tsbox/${marker}`))
})

t.test('one that is killed while it takes over a name leaves nothing, and the name can be had', async t => {
  const name = `${marker}-heir`
  killBoth(await startRunning(name))
  t.ok(existsSync(`/run/tsbox/${name}`), 'the name is left over')
  const kill = ['-f', '-qq', '-o', '/dev/null', '-e', 'trace=mkdir', '-e', 'inject=mkdir:signal=KILL:when=2']
  const killed = await outcomeOf('strace', [...kill, command(), 'run', '--name', name, 'true'])
  t.not(killed.status, 0)
  t.same(await settled(name), NOTHING)
  const next = await tsbox(['run', '--name', name, 'true'])
  t.same([next.stderr, next.status], ['', 0])
})
