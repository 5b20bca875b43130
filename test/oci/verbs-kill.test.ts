// `kill`, `pause`, `resume` and `delete`: who is hit, and what is removed.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { detectHost } from '../../packages/cgroups/src/index.ts'
import { childrenOf, commOf, eventually, isAlive } from '../helpers/live-box.ts'
import { NAMESPACES } from './helpers/config.ts'
import { ociTests } from './helpers/oci-test.ts'

const test = ociTests(import.meta.filename)

await test('kill sends SIGTERM, or the signal that is named or numbered', {}, async ({
  t,
  start,
  ok,
  fails,
}) => {
  const { id, stdout, says, ended } = await start({ process: { args: ['/bin/probe', 'signal'] } })
  await says(/ready/)
  for (const [signal, number] of [
    ['USR1', 10],
    ['SIGUSR2', 12],
    ['1', 1],
    ['int', 2],
  ] as const) {
    await ok(['kill', id, signal])
    await says(new RegExp(`^got ${number}$`, 'm'))
  }
  for (const signal of ['NONE', '65', '', '1x']) t.match(await fails(['kill', id, signal]), /signal/i, signal)
  await ok(['kill', id])
  await ended()
  t.match(stdout(), /got 15\n$/)
})

await test('kill hits the first process; kill --all every one, those too that joined', {}, async oci => {
  const { t, dir, start, ok } = oci
  const { id, pid } = await start({ process: { args: ['/bin/probe', 'ignore-term'] } })
  const files = ['one', 'two'].map(name => join(dir, name))
  for (const file of files) await ok(['exec', '--detach', '--pid-file', file, id, 'sleep', '100'])
  const joined = files.map(file => Number(readFileSync(file, 'utf8')))
  await ok(['kill', id, 'TERM'])
  t.ok([await pid(), ...joined].every(isAlive), 'the first one ignores it, and the others did not get it')
  await ok(['kill', '--all', id, 'TERM'])
  t.ok(await eventually(() => !joined.some(isAlive) || undefined), 'the others end')
  t.ok(isAlive(await pid()))
  await ok(['kill', '-a', id, 'KILL'])
  t.ok(await eventually(() => !joined.some(isAlive) || undefined))
})

const sharing = { linux: { namespaces: NAMESPACES.filter(({ type }) => type !== 'pid') } }

await test("without a pid namespace of its own, kill --all and delete end what init's death leaves", {}, async oci => {
  const { t, start, ok, dir } = oci
  for (const remove of [
    ['kill', '--all', 'ID', 'KILL'],
    ['delete', 'ID'],
  ]) {
    const { id, kill } = await start(sharing)
    const file = join(dir, 'pid')
    await ok(['exec', '--detach', '--pid-file', file, id, 'sleep', '100'])
    const left = Number(readFileSync(file, 'utf8'))
    await kill()
    t.ok(isAlive(left))
    await ok(remove.map(word => (word === 'ID' ? id : word)))
    t.ok(await eventually(() => !isAlive(left) || undefined), `${remove[0]}`)
  }
})

await test('a paused container stands still until it is resumed', {}, async ({ t, start, ok }) => {
  const args = ['/bin/sh', '-c', 'while :; do echo tick; sleep 0.05; done']
  const { id, stdout, says, state } = await start({ process: { args } })
  await says(/tick/)
  await ok(['pause', id])
  t.match(await state(), { status: 'paused' })
  const before = stdout()
  await new Promise(resolve => setTimeout(resolve, 400))
  t.equal(stdout(), before)
  await ok(['resume', id])
  t.ok(await eventually(() => stdout().length > before.length || undefined))
  t.match(await state(), { status: 'running' })
})

await test('SIGKILL ends a paused container; other signals wait', {}, async ({ t, start, ok }) => {
  const { id, state, ended, says, stdout } = await start({ process: { args: ['/bin/probe', 'signal'] } })
  await says(/ready/)
  await ok(['pause', id])
  await ok(['kill', id, 'USR1'])
  t.match(await state(), { status: 'paused' })
  t.notMatch(stdout(), /got/)
  await ok(['kill', id, 'KILL'])
  await ended()
  t.match(await state(), { status: 'stopped' })
  await ok(['delete', id])
})

const unified = detectHost().unified?.mount

await test('exec --own-cgroup is a group that can be ended by itself', {
  skip: unified === undefined && 'no cgroup v2 tree',
}, async oci => {
  const { t, marker, start, ok, dir, fails } = oci
  const { id, pid } = await start()
  const file = join(dir, 'pid')
  const script = 'sleep 100 & sleep 100 & echo started; wait'
  const how = ['exec', '--detach', '--own-cgroup', 'job', '--pid-file', file, id, 'sh', '-c', script]
  await ok(how)
  const shell = Number(readFileSync(file, 'utf8'))
  const tree = await eventually(() =>
    childrenOf(shell).length === 2 ? [shell, ...childrenOf(shell)] : undefined,
  )
  t.equal(tree?.length, 3)
  t.match(readFileSync(`/proc/${shell}/cgroup`, 'utf8'), new RegExp(`^0::/${marker}/${id}/job$`, 'm'))
  t.match(await fails(['exec', '--own-cgroup', 'job', id, 'true']), /job/, 'a name is taken while it is used')
  await ok(['kill', '--cgroup', 'job', id, 'KILL'])
  t.ok(await eventually(() => !tree?.some(isAlive) || undefined))
  await ok(['exec', '--own-cgroup', 'job', id, 'true'])
  t.pass('and can be had again when it is empty')
  t.ok(isAlive(await pid()))
  for (const name of ['..', 'a/b', '', '.x'])
    t.match(await fails(['exec', '--own-cgroup', name, id, 'true']), /--own-cgroup/)
})

await test('exec --own-cgroup: what the program leaves running ends with it', {
  skip: unified === undefined && 'no cgroup v2 tree',
}, async oci => {
  const { t, marker, start, ok } = oci
  const { id } = await start()
  const printed = await ok([
    'exec',
    '--own-cgroup',
    'job',
    id,
    'sh',
    '-c',
    'sleep 1000 >/dev/null 2>&1 & echo ended',
  ])
  t.equal(printed, 'ended\n')
  t.notOk(existsSync(`${unified}/${marker}/${id}/job`))
  t.same(JSON.parse(await ok(['ps', '-f', 'json', id])).length, 1)
})

await test('exec --cgroup joins a group inside that exists', {}, async ({
  t,
  marker,
  start,
  fails,
  tsbox,
}) => {
  const { id } = await start()
  const pids = detectHost().v1.pids ?? unified
  const inside = `${pids}/${marker}/${id}/inside`
  mkdirSync(inside)
  const { stdout, stderr } = await tsbox(['exec', '--cgroup', 'inside', id, 'cat', '/proc/self/cgroup'])
  t.match(stdout, /inside$/m, stderr)
  t.match(await fails(['exec', '--cgroup', 'none', id, 'true']), /ERR_TSBOX_CGROUP/)
  t.match(await fails(['kill', '--cgroup', 'none', id, 'KILL']), /ERR_TSBOX_CGROUP/)
  t.match(await fails(['kill', '--cgroup', '../..', id, 'KILL']), /ERR_TSBOX_SPEC/)
  t.match(await fails(['exec', '--cgroup', '../..', id, 'true']), /ERR_TSBOX_SPEC/)
  rmdirSync(inside)
})

await test('exec --cgroup of a group in one hierarchy only is held by the container’s own in the others', {
  skip: unified === undefined && 'no cgroup v2 tree',
}, async ({ t, start, ok, dir }) => {
  const { id, pid } = await start()
  const groups = (process: number) =>
    readFileSync(`/proc/${process}/cgroup`, 'utf8')
      .split('\n')
      .sort()
      .map(line => line.replace(/\/job$/, ''))
  await ok(['exec', '--detach', '--own-cgroup', 'job', id, 'sleep', '1000'])
  const file = join(dir, 'pid')
  await ok(['exec', '--detach', '--cgroup', 'job', '--pid-file', file, id, 'sleep', '1000'])
  t.same(groups(Number(readFileSync(file, 'utf8'))), groups(await pid()))
})

await test('delete removes groups that the container made inside its own', {}, async ({
  t,
  marker,
  start,
  ok,
}) => {
  const { id, kill } = await start()
  const pids = detectHost().v1.pids ?? unified
  for (const depth of ['a', 'a/b', 'a/b/c']) mkdirSync(`${pids}/${marker}/${id}/${depth}`)
  await ok(['exec', '--detach', id, 'sleep', '100'])
  const [joined = 0] = JSON.parse(await ok(['ps', '-f', 'json', id])).slice(-1)
  writeFileSync(`${pids}/${marker}/${id}/a/b/c/cgroup.procs`, `${joined}`)
  await kill()
  await ok(['delete', id])
  t.notOk(existsSync(`${pids}/${marker}/${id}`))
  t.notOk(existsSync(`${pids}/${marker}`), 'and the parent that was made for it')
})

await test('a container leaves nothing resident but its program', {}, async ({ t, marker, start }) => {
  const { pid } = await start()
  const number = await pid()
  const mine = readdirSync('/proc').filter(name => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cgroup`, 'latin1').includes(marker)
    } catch {
      return false
    }
  })
  t.same(mine, [`${number}`])
  t.equal(commOf(number), 'probe')
})
