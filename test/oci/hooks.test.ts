// Hooks (runtime-spec, config.md, "POSIX-platform Hooks"): when and where they run, and with what.
import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive } from '../helpers/live-box.ts'
import { type Json, PATH } from './helpers/config.ts'
import { foundIn, KINDS, makeRecorder, recording } from './helpers/hooks.ts'
import { type Oci, ociTests } from './helpers/oci-test.ts'

const test = ociTests(import.meta.filename)

/** A bundle whose hooks take notes; the one that runs in the container has its program and its log there. */
const noting = ({ dir, id, bundle }: Oci, over: Json = {}) => {
  const name = id()
  const recorder = makeRecorder(dir)
  const { rootfs } = bundle(name)
  const inside = makeRecorder(join(rootfs))
  const hooks = {
    ...recording(recorder),
    startContainer: [{ path: '/recorder', args: ['recorder', '/log', 'startContainer'] }],
  }
  const made = bundle(name, { hooks, ...over })
  const found = () => [...foundIn(recorder.log), ...foundIn(inside.log)]
  return { name, made, found, recorder, order: () => foundIn(recorder.log).map(({ kind }) => kind) }
}

const links = (pid: number | 'self') =>
  ['pid', 'mnt', 'net'].map(type => readlinkSync(`/proc/${pid}/ns/${type}`)).join(' ')

await test('all six kinds run, each at its time', {
  shows: ['hooks.{prestart,createRuntime,createContainer,startContainer,poststart,poststop}[].{path,args}'],
}, async oci => {
  const { t, ok } = oci
  const { name, made, order, found } = noting(oci)
  await ok(['create', '--bundle', made.dir, name])
  t.same(order(), ['prestart', 'createRuntime', 'createContainer'])
  t.notOk(existsSync(join(made.rootfs, 'log')))
  await ok(['start', name])
  t.same(order(), ['prestart', 'createRuntime', 'createContainer', 'poststart'])
  t.equal(found().length, 5, 'and startContainer, in the container')
  await ok(['kill', name, 'KILL'])
  await ok(['delete', '--force', name])
  t.same(
    order(),
    KINDS.filter(kind => kind !== 'startContainer'),
  )
})

await test('each has the state on standard input, as it is then', {
  shows: ['hooks.{prestart,createRuntime,createContainer,startContainer,poststart,poststop}[].path'],
}, async oci => {
  const { t, ok } = oci
  const annotations = { 'org.example': 'text with "quotes" and \u2028' }
  const { name, made, found } = noting(oci, { annotations })
  await ok(['create', '--bundle', made.dir, name])
  const { pid } = JSON.parse(await ok(['state', name]))
  await ok(['start', name])
  await ok(['delete', '--force', name])
  const status = {
    prestart: 'creating',
    createRuntime: 'creating',
    createContainer: 'creating',
    startContainer: 'created',
    poststart: 'running',
    poststop: 'stopped',
  }
  t.equal(found().length, 6)
  for (const { kind, state } of found()) {
    const own = kind === 'poststop' ? {} : { pid }
    t.same(
      state,
      {
        ociVersion: '1.2.1',
        id: name,
        status: status[kind as keyof typeof status],
        ...own,
        bundle: made.dir,
        annotations,
      },
      kind,
    )
  }
})

await test('they run in the namespaces of the runtime, or of the container', {
  shows: ['hooks.{createRuntime,createContainer,startContainer}[].path'],
}, async oci => {
  const { t, ok } = oci
  const { name, made, found } = noting(oci)
  await ok(['create', '--bundle', made.dir, name])
  const { pid } = JSON.parse(await ok(['state', name]))
  const [host, container] = [links('self'), links(pid)]
  await ok(['start', name])
  await ok(['delete', '--force', name])
  for (const { kind, namespaces } of found())
    t.equal(
      namespaces.trim(),
      kind === 'createContainer' || kind === 'startContainer' ? container : host,
      kind,
    )
})

await test('I14: their environment is exactly their own, and they start in a fixed place', {
  shows: ['hooks.{prestart,createRuntime,createContainer,startContainer,poststart,poststop}[].env'],
}, async oci => {
  const { t, ok, dir } = oci
  const process = { env: [PATH, 'LD_PRELOAD=/evil.so', 'PATH=/evil', 'SECRET=x', 'HOME=/evil'] }
  const { name, made, found, recorder } = noting(oci, { process })
  const caller = { ...globalThis.process.env, LD_LIBRARY_PATH: '/caller', CALLER: 'yes' }
  await ok(['create', '--bundle', made.dir, name], { env: caller, cwd: dir })
  await ok(['start', name], { env: caller, cwd: dir })
  await ok(['delete', '--force', name], { env: caller, cwd: dir })
  t.same(
    found().map(({ env }) => env),
    Array(6).fill([]),
  )
  t.same(
    found().map(({ cwd }) => cwd),
    Array(6).fill('/'),
  )
  const given = noting(oci)
  const env = ['ONE=1', 'LD_PRELOAD=', 'TWO=a=b c']
  const own = Object.fromEntries(
    KINDS.map(kind => [
      kind,
      [
        {
          path: kind === 'startContainer' ? '/recorder' : recorder.path,
          args: ['recorder', kind === 'startContainer' ? '/log' : recorder.log, `again-${kind}`],
          env,
        },
      ],
    ]),
  )
  given.made.write({ hooks: own, process })
  await ok(['create', '--bundle', given.made.dir, given.name])
  await ok(['start', given.name])
  await ok(['delete', '--force', given.name])
  const again = given.found().filter(({ kind }) => kind.startsWith('again-'))
  t.same(
    again.map(({ env }) => env),
    Array(6).fill(env),
  )
})

await test('several of a kind run one after the other, with the arguments they were given', {
  shows: ['hooks.createRuntime[].{path,args}'],
}, async oci => {
  const { t, id, bundle, ok, dir } = oci
  const log = join(dir, 'order')
  const say = (word: string) => ({
    path: '/bin/sh',
    args: ['any name', '-c', `sleep 0.$1; echo "$0 $1" >>${log}`, word, word === 'one' ? '3' : '0'],
  })
  const name = id()
  await ok([
    'create',
    '--bundle',
    bundle(name, { hooks: { createRuntime: [say('one'), say('two')], prestart: [say('zero')] } }).dir,
    name,
  ])
  t.equal(readFileSync(log, 'utf8'), 'zero 0\none 3\ntwo 0\n')
  const bare = id()
  await ok([
    'create',
    '--bundle',
    bundle(bare, { hooks: { createRuntime: [{ path: '/bin/true' }] } }).dir,
    bare,
  ])
})

await test('what a hook leaves running keeps nobody waiting', {
  shows: ['hooks.createRuntime[].path'],
}, async oci => {
  const { t, id, bundle, ok, dir } = oci
  const name = id()
  const file = join(dir, 'pid')
  const hook = { path: '/bin/sh', args: ['sh', '-c', `sleep 1000 & echo $! >${file}; echo done`] }
  const before = Date.now()
  await ok(['create', '--bundle', bundle(name, { hooks: { createRuntime: [hook] } }).dir, name])
  t.ok(Date.now() - before < 60_000)
  const left = Number(readFileSync(file, 'utf8'))
  t.ok(isAlive(left), 'it is the hook’s own affair')
  process.kill(left, 'SIGKILL')
})

await test('a hook is checked before anything is done', {
  shows: [
    'hooks.{prestart,createRuntime,createContainer,startContainer,poststart,poststop}[].{path,timeout,env}',
  ],
}, async ({ t, refusal }) => {
  for (const kind of KINDS) {
    const bad = (hook: Json) => refusal({ hooks: { [kind]: [{ path: '/bin/true' }, hook] } })
    t.match(await bad({ path: 'relative' }), new RegExp(`hooks\\.${kind}\\[1\\]\\.path`))
    t.match(await bad({ path: '/x', timeout: 0 }), new RegExp(`hooks\\.${kind}\\[1\\]\\.timeout`))
  }
  t.match(
    await refusal({ hooks: { poststop: [{ path: '/x', env: ['none'] }] } }),
    /hooks\.poststop\[0\]\.env\[0\]/,
  )
})
