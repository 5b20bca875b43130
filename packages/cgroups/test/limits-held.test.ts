import t from 'tap'
import { groupFor, playableHosts, runInside, until } from './scratch.ts'

for (const host of playableHosts()) {
  t.test(`${host.mode}: a pids limit holds a program that forks without end`, async t => {
    const group = await groupFor(t, { host, limits: { pids: { max: 8 } } })
    // Bounded in case the limit does not hold. A shell ends when it cannot fork; those it started stay.
    const { ended } = await runInside(group, 'i=0; while [ $i -lt 60 ]; do sleep 60 & i=$((i+1)); done; wait')
    t.not((await ended)[0], 0, 'the shell was refused a process')
    const inside = await group.procs()
    t.ok(inside.length <= 8, `${inside.length} inside`)
    const { pids } = await group.stats()
    t.ok((pids.limitHits ?? 0) >= 1, 'the refusal was counted')
    if (pids.peak !== undefined) t.ok(pids.peak <= 8, `peak ${pids.peak}`)
    await group.kill()
  })

  t.test(`${host.mode}: a memory limit ends a program that takes too much`, async t => {
    const group = await groupFor(t, { host, limits: { memory: { max: '24Mi', swap: 0 } } })
    const { ended } = await runInside(group, 'exec dd if=/dev/zero of=/dev/null bs=128M count=1')
    t.same(await ended, [null, 'SIGKILL'])
    const { memory } = await group.stats()
    t.equal(memory.events.oomKill, 1)
    t.ok((memory.peakBytes ?? 0) <= 24 * 2 ** 20, `peak ${memory.peakBytes}`)
  })

  t.test(`${host.mode}: a quota holds a busy program back`, async t => {
    const group = await groupFor(t, { host, limits: { cpu: { max: 0.05 } } })
    const { child } = await runInside(group, 'while :; do :; done')
    await until(async () => ((await group.stats()).cpu.throttledPeriods ?? 0) >= 2)
    const { cpu } = await group.stats()
    t.ok((cpu.throttledUs ?? 0) > 0)
    t.ok(child.pid)
  })
}
