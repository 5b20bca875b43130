import { spawn } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { inParallel } from '../helpers/boxes.ts'
import { NOTHING, settled, snapshot } from '../helpers/residue.ts'
import { familyOf, killNow, planOf, pointsOf, survivors } from '../helpers/step.ts'

const OWNER = join(import.meta.dirname, '../helpers/owner-process.ts')
t.setTimeout(process.env.TSBOX_TEST_VM === '1' ? 600_000 : 110_000)

const marker = `owner-${process.pid}`

/** An operation that a box whose program stays does not come to by itself. */
const isReached = ({ name, chapter }: { name: string; chapter: string }): boolean =>
  chapter !== 'teardown' && !name.endsWith(' supervise')

/** A real Node process with a box at each of these operations; resolves once all of them stand there. */
const startOwner = (places: readonly number[]) => {
  const args = ['--conditions=@tsbox/source', OWNER, marker, ...places.map(String)]
  const owner = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env: process.env })
  const supervisors = new Promise<readonly number[]>((resolve, reject) => {
    let text = ''
    owner.once('exit', () => reject(new Error('the owner ended by itself')))
    owner.stdout.on('data', chunk => {
      text += chunk
      const ready = /^ready (.*)\n/.exec(text)
      if (ready !== null) resolve((ready[1] ?? '').split(' ').map(Number))
    })
  })
  return { owner, supervisors }
}

t.test('nothing is left of its boxes when a Node process is killed, wherever they stood', async t => {
  const points = pointsOf(planOf({ name: marker, args: ['true'] }).plan)
  const stride = process.env.TSBOX_TEST_VM === '1' ? 10 : 1
  const places = [...points.keys()].filter(i => isReached(points[i]!) && i % stride === 0)
  const groups = Array.from({ length: Math.ceil(places.length / 24) }, (_, i) =>
    places.slice(i * 24, i * 24 + 24),
  )
  const left = await inParallel(
    groups,
    async group => {
      const { owner, supervisors } = startOwner(group)
      const families = (await supervisors).flatMap(familyOf)
      t.ok(families.length >= 2 * group.length, `${group.length} boxes stand where they were stopped`)
      t.equal(snapshot(marker).runDirs.length, group.length, 'and have their directories')
      killNow(owner.pid ?? 0)
      return survivors(families)
    },
    1,
  )
  t.comment(`${places.length} points, every ${stride}.`)
  t.same(left.flat(), [])
  t.same(await settled(marker), NOTHING)
})
