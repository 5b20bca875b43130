import t from 'tap'
import { type OciEvent, oomEvents, openContainer } from '../../src/index.ts'
import { groupFor, playableHosts, runInside } from '../scratch.ts'

/** Watching keeps no program alive; here something has to. */
const alive = setInterval(() => undefined, 1000)
t.teardown(() => clearInterval(alive))

const HOG = 'dd if=/dev/zero of=/dev/null bs=128M count=1'

for (const host of playableHosts()) {
  t.test(
    `${host.mode}: each process killed for memory is an event, until the container is empty`,
    async t => {
      const group = await groupFor(t, { host, limits: { memory: { max: '24Mi', swap: 0 } } })
      // A shell in between, so that the group outlives the first that is killed.
      const { ended } = await runInside(group, `(${HOG}); (${HOG}); sleep 0.3`)
      const events: OciEvent[] = []
      const dirs = openContainer(host, group.path)
      const reading = (async () => {
        for await (const event of oomEvents({ host, dirs, id: 'web', sampleMs: 1000 })) events.push(event)
      })()
      const [code] = await ended
      await reading
      t.equal(code, 0)
      t.same(events, [
        { type: 'oom', id: 'web' },
        { type: 'oom', id: 'web' },
      ])
    },
  )

  t.test(`${host.mode}: an abort, an empty group and one that goes end it, without an error`, async t => {
    const group = await groupFor(t, { host })
    const dirs = openContainer(host, group.path)
    const count = async (signal?: AbortSignal) => {
      let seen = 0
      for await (const _ of oomEvents({ host, dirs, id: 'web', signal, sampleMs: 10 })) seen++
      return seen
    }
    t.equal(await count(), 0, 'nobody is inside')
    await runInside(group, 'exec sleep 60')
    const abort = new AbortController()
    const reading = count(abort.signal)
    abort.abort()
    t.equal(await reading, 0)
    t.equal(await count(abort.signal), 0, 'aborted before')
    const last = count()
    await group.kill()
    await group.delete()
    t.equal(await last, 0)
  })
}
