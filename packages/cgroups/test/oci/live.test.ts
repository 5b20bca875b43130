import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import t from 'tap'
import { Cgroup, freezeGroup, groupPids, groupState, openContainer, thawGroup } from '../../src/index.ts'
import { groupFor, playableHosts, runInside, scratch } from '../scratch.ts'

for (const host of playableHosts()) {
  t.test(`${host.mode}: the processes of a container, with and without those below`, async t => {
    const outer = await groupFor(t, { host })
    const inner = await groupFor(t, { host, path: `${outer.path}/exec-1` })
    const { child: one } = await runInside(inner, 'exec sleep 60')
    const dirs = openContainer(host, outer.path)
    t.same(groupPids(dirs), [])
    t.same(groupPids(dirs, { recursive: true }), [one.pid])
    t.same(groupPids(openContainer(host, inner.path)), [one.pid])
    await inner.kill()
    t.same(groupPids(dirs, { recursive: true }), [])
  })

  t.test(`${host.mode}: a container is paused and resumed by its path alone`, async t => {
    const group = await groupFor(t, { host })
    await runInside(group, 'exec sleep 60')
    const dirs = openContainer(host, group.path)
    t.equal(groupState(dirs), 'thawed')
    await freezeGroup(dirs, { timeoutMs: 5000 })
    t.equal(groupState(dirs), 'frozen')
    t.equal(groupState(openContainer(host, group.path)), 'frozen')
    await thawGroup(dirs)
    t.equal(groupState(dirs), 'thawed')
  })

  t.test(`${host.mode}: a group in a frozen one counts as frozen`, async t => {
    const outer = await groupFor(t, { host })
    const inner = await groupFor(t, { host, path: `${outer.path}/inner` })
    await runInside(inner, 'exec sleep 60')
    await outer.freeze()
    t.equal(groupState(openContainer(host, inner.path)), 'frozen')
    await outer.thaw()
    t.equal(groupState(openContainer(host, inner.path)), 'thawed')
  })
}

t.test('a group that is gone has no processes and stands still for nobody', async t => {
  const group = await Cgroup.create({ path: `${scratch(t)}/group` })
  const dirs = group.dirs
  await group.delete()
  t.same(groupPids(dirs, { recursive: true }), [])
  t.equal(groupState(dirs), 'thawed')
})

t.test('a process of another pid namespace is never taken for process 0', async t => {
  const group = await groupFor(t)
  const { child } = await runInside(group, 'exec sleep 60')
  const dirs = JSON.stringify(group.dirs)
  const script = `
    const { groupPids } = await import(${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)})
    console.log(JSON.stringify(groupPids(${dirs})))`
  const look = spawn(
    'unshare',
    ['--pid', '--fork', process.execPath, '--conditions=@tsbox/source', '--input-type=module', '-e', script],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  look.stdout.setEncoding('utf8')
  let said = ''
  look.stdout.on('data', (text: string) => {
    said += text
  })
  await once(look, 'close')
  t.equal(said.trim(), '[]', `${child.pid} cannot be seen from there`)
})

t.test('a freezer on its way counts as frozen', async t => {
  const host = playableHosts().find(({ mode }) => mode === 'v1')
  if (host?.v1.freezer === undefined) return t.pass('this machine has no v1 freezer')
  const group = await groupFor(t, { host, controllers: ['freezer'] })
  const dir = group.dirs.find(({ controllers }) => controllers.includes('freezer'))!
  writeFileSync(`${dir.path}/freezer.state`, 'FROZEN')
  t.equal(groupState([dir]), 'frozen')
  writeFileSync(`${dir.path}/freezer.state`, 'THAWED')
  return undefined
})
