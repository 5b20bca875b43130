// What the verbs print that look: `list`, `ps`, `events`, `features`, `spec`, and their help.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { command } from '../helpers/command.ts'
import { startProgram } from '../helpers/live-box.ts'
import { type Json, NAMESPACES } from './helpers/config.ts'
import { ociTests } from './helpers/oci-test.ts'

const test = ociTests(import.meta.filename)

await test('list has a line for each container, and its JSON is that of runc', {}, async ({
  t,
  create,
  start,
  ok,
  root,
}) => {
  t.equal(await ok(['list', '--format', 'json']), '[]\n')
  t.equal(await ok(['list', '-q']), '')
  const annotations = { some: 'thing' }
  const [one, two] = [await create({ annotations }), await start()]
  t.same(
    JSON.parse(await ok(['list', '-f', 'json'])),
    [await one.state(), await two.state()].map(state => ({ ...state, owner: 'root' })),
  )
  const [first] = JSON.parse(await ok(['list', '-f', 'json']))
  t.same(Object.keys(first), [
    'ociVersion',
    'id',
    'pid',
    'status',
    'bundle',
    'rootfs',
    'created',
    'annotations',
    'owner',
  ])
  t.equal(await ok(['list', '--quiet']), `${one.id}\n${two.id}\n`)
  const [head = '', ...rows] = (await ok(['list'])).trimEnd().split('\n')
  t.match(head, /^ID +PID +STATUS +BUNDLE +CREATED +OWNER$/)
  t.match(rows[0], new RegExp(`^${one.id} +${await one.pid()} +created +${one.bundle.dir} +\\S+ +root$`))
  t.match(rows[1], new RegExp(`^${two.id} +${await two.pid()} +running `))
  t.ok(existsSync(root))
})

await test('ps has the processes of a container, as numbers or as ps(1) prints them', {}, async ({
  t,
  start,
  ok,
  fails,
}) => {
  const { id, pid } = await start()
  await ok(['exec', '--detach', id, 'sleep', '1234'])
  const numbers: number[] = JSON.parse(await ok(['ps', '--format', 'json', id]))
  t.equal(numbers.length, 2)
  t.ok(numbers.includes(await pid()))
  const [head, ...rows] = (await ok(['ps', id])).trimEnd().split('\n')
  t.match(head, /^UID +PID +PPID/)
  t.match(rows.map(row => row.split(/ +/)[1]).sort(), numbers.map(String).sort())
  t.match(await ok(['ps', id, '-o', 'pid,args']), /^ *PID COMMAND\n( *\d+ .*\n){2}$/)
  t.match(await fails(['ps', '--format', 'yaml', id]), /format/)
})

await test('events --stats is one document in the form of runc', {}, async ({ t, start, ok }) => {
  const { id } = await start({
    linux: { resources: { memory: { limit: 64 * 2 ** 20 }, pids: { limit: 77 } } },
  })
  const { type, id: named, data } = JSON.parse(await ok(['events', '--stats', id]))
  t.same([type, named], ['stats', id])
  t.ok(data.cpu.usage.total > 0)
  t.match(data.pids, { current: 1, limit: 77 })
  t.equal(data.memory.usage.limit, 64 * 2 ** 20)
  t.ok(data.memory.usage.usage > 0 && data.memory.usage.max >= data.memory.usage.usage)
  for (const field of ['cpu', 'memory', 'pids', 'blkio']) t.type(data[field], 'object', field)
})

await test('an interval of nothing is refused', {}, async ({ t, start, fails }) => {
  const { id } = await start()
  for (const interval of ['0', '0s', '0.1ms'])
    t.match(await fails(['events', '--interval', interval, id]), /--interval/)
})

await test('events goes on at intervals, tells who is killed for memory, and ends with the container', {}, async oci => {
  const { t, start, root } = oci
  const memory = { limit: 32 * 2 ** 20, swap: 32 * 2 ** 20 }
  const { id, kill, exec } = await start({ linux: { resources: { memory } } })
  const live = startProgram(command(), ['--root', root, 'events', '--interval', '100ms', id])
  await live.until(/"type":"stats"[^\n]*\n[^\n]*"type":"stats"/)
  await exec(['/bin/probe', 'alloc', `${200 * 2 ** 20}`])
  await live.until(/"type":"oom"/)
  await kill()
  t.match(await live.ended, { status: 0, stderr: '' })
  const types = live
    .stdout()
    .trim()
    .split('\n')
    .map(line => JSON.parse(line).type)
  t.same([...new Set(types)].sort(), ['oom', 'stats'])
})

await test('features is the document of the specification', {}, async ({ t, ok }) => {
  const found = JSON.parse(await ok(['features']))
  t.match(found, {
    ociVersionMin: '1.0.0',
    ociVersionMax: '1.2.1',
    hooks: ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'],
    linux: {
      cgroup: { v1: true, v2: true, systemd: true },
      seccomp: { enabled: true },
      apparmor: { enabled: true },
      selinux: { enabled: true },
      intelRdt: { enabled: false },
      mountExtensions: { idmap: { enabled: true } },
      netDevices: { enabled: true },
    },
  })
  for (const option of ['ro', 'rro', 'rbind', 'rslave', 'idmap', 'ridmap', 'tmpcopyup', 'nosymfollow'])
    t.ok(found.mountOptions.includes(option), option)
  for (const action of [
    'SCMP_ACT_ALLOW',
    'SCMP_ACT_ERRNO',
    'SCMP_ACT_KILL_PROCESS',
    'SCMP_ACT_NOTIFY',
    'SCMP_ACT_LOG',
  ])
    t.ok(found.linux.seccomp.actions.includes(action), action)
  t.same(found.linux.namespaces, [...NAMESPACES.map(({ type }) => type), 'time', 'user'].sort())
})

await test('spec writes a configuration that a container can be made from', {}, async ({
  t,
  dir,
  id,
  bundle,
  ok,
  fails,
}) => {
  const name = id()
  const { dir: made } = bundle(name)
  const file = join(made, 'config.json')
  t.match(await fails(['spec', '--bundle', made]), /config\.json" exists/)
  writeFileSync(file, '')
  t.match(await fails(['spec', '--bundle', made]), /exists/, 'also an empty one')
  const empty = join(dir, 'state-of-nobody')
  t.match(await fails(['spec', '--bundle', empty]), /state-of-nobody/)
  rmSync(file)
  t.equal(await ok(['spec'], { cwd: made }), '')
  const config: Json & { process: Json; linux: Json } = JSON.parse(readFileSync(file, 'utf8'))
  t.match(config, { root: { path: 'rootfs', readonly: true }, process: { args: ['sh'], terminal: true } })
  const process = {
    ...config.process,
    terminal: false,
    args: ['/bin/sh', '-c', 'id -u; touch /x || echo read-only'],
  }
  const linux = { ...config.linux, cgroupsPath: `/${name}` }
  writeFileSync(file, JSON.stringify({ ...config, process, linux }))
  t.equal(await ok(['run', '--bundle', made, name]), '0\nread-only\n')
})

await test('every verb has help with an example', {}, async ({ t, ok, tsbox }) => {
  const verbs = [
    'create',
    'start',
    'state',
    'kill',
    'delete',
    'exec',
    'ps',
    'list',
    'pause',
    'resume',
    'update',
    'events',
  ]
  for (const verb of [...verbs, 'features', 'spec']) {
    const text = await ok([verb, '--help'])
    t.match(text, new RegExp(`^Usage: tsbox ${verb}\\b`), verb)
    t.match(text, /^Example: (sudo )?tsbox /m, verb)
  }
  t.match(await ok(['run', '--bundle', '.', '--help']), /^Usage: tsbox run --bundle/)
  t.match(await tsbox(['nonsense', 'x']), { status: 1, stderr: /no verb "nonsense"/ })
  t.match(await tsbox(['state', '--nonsense', 'x']), { status: 1, stderr: /--nonsense/ })
})
