import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { type CgroupEvent, detectHost } from '../src/index.ts'
import { groupFor, playableHosts, runInside } from './scratch.ts'

const firstOf = async (
  events: AsyncIterable<CgroupEvent>,
  kind: CgroupEvent['kind'],
): Promise<CgroupEvent | undefined> => {
  // Watching does not keep this process alive, and the children here end.
  const alive = setInterval(() => {}, 1000)
  try {
    for await (const event of events) if (event.kind === kind) return event
    return undefined
  } finally {
    clearInterval(alive)
  }
}

for (const host of playableHosts()) {
  t.test(`${host.mode}: a kill for memory is an event`, async t => {
    const group = await groupFor(t, { host, limits: { memory: { max: '24Mi', swap: 0 } } })
    const events = group.events()
    await runInside(group, 'exec dd if=/dev/zero of=/dev/null bs=128M count=1')
    t.same(await firstOf(events, 'oom'), { kind: 'oom', count: 1, total: 1 })
  })

  t.test(`${host.mode}: a refused fork is an event`, async t => {
    const group = await groupFor(t, { host, limits: { pids: { max: 2 } } })
    const events = group.events()
    await runInside(group, 'sleep 60 & sleep 60 & sleep 60 & wait')
    t.match(await firstOf(events, 'pids-limit'), { kind: 'pids-limit' })
  })

  t.test(`${host.mode}: coming and going are events`, async t => {
    const group = await groupFor(t, { host })
    const events = group.events()
    const { child } = await runInside(group, 'exec sleep 60')
    t.same(await firstOf({ [Symbol.asyncIterator]: () => ({ next: () => events.next() }) }, 'populated'), {
      kind: 'populated',
      populated: true,
    })
    child.kill('SIGKILL')
    t.same(await firstOf(events, 'populated'), { kind: 'populated', populated: false })
  })
}

t.test('what happens before the first look at the events is not lost, and is counted together', async t => {
  const group = await groupFor(t, { limits: { pids: { max: 1 } } })
  const events = group.events(undefined, { sampleMs: 5 })
  for (let round = 0; round < 2; round++) {
    const { ended } = await runInside(group, 'sleep 60 & wait')
    await ended
    await sleep(30)
  }
  t.match(await firstOf(events, 'pids-limit'), { kind: 'pids-limit', count: 2, total: 2 })
})

t.test('what happened right before delete is not lost', async t => {
  const group = await groupFor(t, { limits: { pids: { max: 1 } } })
  const events = group.events(undefined, { sampleMs: 60_000 })
  const { ended } = await runInside(group, 'sleep 60 & wait')
  await ended
  await group.delete()
  t.match(await firstOf(events, 'pids-limit'), { kind: 'pids-limit', count: 1, total: 1 })
  t.same(await events.next(), { done: true, value: undefined })
})

t.test('an abort ends the iteration without an error', async t => {
  const group = await groupFor(t)
  const abort = new AbortController()
  const ended = firstOf(group.events(abort.signal), 'oom')
  abort.abort()
  t.equal(await ended, undefined)
  t.same(await group.events(abort.signal).next(), { done: true, value: undefined }, 'aborted before it began')
})

t.test('the end of the group ends the iteration, whoever removes it', async t => {
  const group = await groupFor(t)
  const own = firstOf(group.events(), 'oom')
  const other = group.events(undefined, { sampleMs: 5 })
  await group.delete()
  t.equal(await own, undefined)
  t.equal((await other.next()).done, true)

  const second = await groupFor(t)
  const watched = firstOf(second.events(undefined, { sampleMs: 5 }), 'oom')
  const { Cgroup } = await import('../src/index.ts')
  await (await Cgroup.open(second.path)).delete()
  t.equal(await watched, undefined)
})

t.test('leaving the loop stops the watching', async t => {
  const group = await groupFor(t)
  const events = group.events(undefined, { sampleMs: 5 })
  await runInside(group, 'exec sleep 60')
  for await (const event of events) {
    t.same(event, { kind: 'populated', populated: true })
    break
  }
  t.same(await events.next(), { done: true, value: undefined })
})

const never = !detectHost().unified?.controllers.includes('memory') && 'v1 has no memory.high'

t.test('being slowed down at memory.high is an event', { skip: never }, async t => {
  const group = await groupFor(t, { limits: { memory: { high: '8Mi', max: '256Mi', swap: 0 } } })
  const events = group.events()
  await runInside(group, 'exec dd if=/dev/zero of=/dev/null bs=64M count=1')
  t.match(await firstOf(events, 'memory-high'), { kind: 'memory-high' })
})
