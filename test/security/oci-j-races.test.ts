// Family J against the OCI runtime: numbers of processes that are given to others, and verbs that meet on one id.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { eventually, isAlive } from '../helpers/live-box.ts'
import { givenAway } from '../oci/helpers/given-away.ts'
import { ociTests } from '../oci/helpers/oci-test.ts'
import { groupsOf } from '../oci/helpers/residue.ts'
import { program, sceneOf } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)

await test('J5: when the number of init is given to another, no verb touches that one', {}, async oci => {
  const { stdout, stderr } = await givenAway(
    oci,
    `for verb in 'kill ID KILL' 'kill ID TERM' 'exec ID true' 'start ID' 'pause ID' 'update --pids-limit 5 ID' 'ps ID'; do
      tsbox $(echo $verb | sed s/ID/$name/) && echo "$verb worked"
    done
    tsbox kill --all $name KILL
    tsbox delete --force $name && echo deleted
    kill -0 $other && echo lives
    kill -9 $pid; wait $other || echo "its number alone would have ended it: $?"`,
  )
  oci.t.equal(stdout, 'same 1\ndeleted\nlives\nits number alone would have ended it: 137\n', stderr)
})

await test('J8: of many verbs on one id at once each does all or nothing', {}, async oci => {
  const { t, tsbox, ok, root, marker } = oci
  const { bundle } = sceneOf(oci)
  for (let round = 0; round < 2; round++) {
    const { id, dir } = bundle()
    const made = await Promise.all([1, 2, 3, 4].map(() => tsbox(['create', '--bundle', dir, id])))
    t.same(made.map(({ status }) => status).sort(), [0, 1, 1, 1], 'one makes it')
    const started = await Promise.all([1, 2, 3].map(() => tsbox(['start', id])))
    t.same(started.map(({ status }) => status).sort(), [0, 1, 1], 'one starts it')
    const { pid } = JSON.parse(await ok(['state', id]))
    const ends = [
      ['delete', '--force', id],
      ['kill', id, 'KILL'],
      ['delete', '--force', id],
      ['exec', id, '/bin/true'],
    ]
    const ended = await Promise.all(ends.map(words => tsbox(words)))
    t.ok(ended[0]?.status === 0 || ended[2]?.status === 0, JSON.stringify(ended))
    await ok(['delete', '--force', id])
    t.ok(await eventually(() => !isAlive(pid) || undefined))
    t.same(
      groupsOf(marker).filter(path => path.endsWith(id)),
      [],
    )
    t.notOk(existsSync(join(root, id)))
  }
})

await test('J8: a container that is made again while it is removed is one or the other', {}, async oci => {
  const { t, tsbox, ok } = oci
  const { bundle } = sceneOf(oci)
  const { id, dir } = bundle(program('/bin/probe', 'pause'))
  const patience = Date.now() + 8000
  for (let round = 0; round < 12 && Date.now() < patience; round++) {
    await ok(['create', '--bundle', dir, id])
    const [removed, again] = await Promise.all([
      tsbox(['delete', '--force', id]),
      tsbox(['create', '--bundle', dir, id]),
    ])
    t.equal(removed.status, 0, removed.stderr)
    const { status, stdout } = await tsbox(['state', id])
    if (again.status === 0 && status === 0) t.match(JSON.parse(stdout), { status: 'created' })
    else t.equal(status, 1, `nothing of it is left: ${again.stderr}`)
    await ok(['delete', '--force', id])
  }
})
