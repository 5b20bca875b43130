import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { detectHost } from '../src/index.ts'
import { groupFor, playableHosts, runInside, until } from './scratch.ts'

for (const host of playableHosts()) {
  t.test(`${host.mode}: a frozen group makes no progress until it is thawed`, async t => {
    const place = mkdtempSync(join(tmpdir(), 'tsbox-freeze-'))
    t.teardown(() => rmSync(place, { recursive: true }))
    const file = join(place, 'beat')
    const beats = () => statSync(file, { throwIfNoEntry: false })?.size ?? 0

    const group = await groupFor(t, { host })
    await runInside(group, `while :; do echo >> ${file}; sleep 0.01; done`)
    await until(() => beats() >= 3)
    await group.freeze()
    const then = beats()
    await sleep(300)
    t.equal(beats(), then)
    await group.thaw()
    await until(() => beats() > then)
    t.pass('it went on')
  })

  t.test(`${host.mode}: a frozen group can be killed`, async t => {
    const group = await groupFor(t, { host })
    const { ended } = await runInside(group, 'exec sleep 60')
    await group.freeze()
    await group.kill()
    t.same(await ended, [null, 'SIGKILL'])
  })
}

t.test('an empty group can be frozen and thawed', async t => {
  const group = await groupFor(t)
  await group.freeze()
  await group.thaw()
})

const host = detectHost()
const always = host.v1.freezer === undefined && 'on v2 every group can be frozen'

t.test('a group in no freezer says so', { skip: always }, async t => {
  const group = await groupFor(t, { host: { mode: 'v1', v1: host.v1 }, controllers: ['pids'] })
  await t.rejects(group.freeze(), { code: 'ERR_TSBOX_CGROUP', step: 'freeze', hint: /freezer/ })
})
