// The life of a container, verb by verb, with runc's command line.
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive } from '../helpers/live-box.ts'
import { MOUNTS, PATH } from './helpers/config.ts'
import { ociTests } from './helpers/oci-test.ts'

const test = ociTests(import.meta.filename)

await test('a container is created, started, seen, ended and deleted', {}, async ({
  t,
  create,
  ok,
  fails,
}) => {
  const container = await create({ process: { args: ['/bin/probe', 'pause'] } })
  t.match(await container.state(), { status: 'created' })
  await container.start()
  t.match(await container.state(), { status: 'running' })
  await container.kill()
  t.match(await container.state(), { status: 'stopped', pid: 0 })
  t.equal(await ok(['delete', container.id]), '')
  t.match(await fails(['state', container.id]), /does not exist/)
})

await test('the program runs when it is started, and not before', {}, async ({ t, create }) => {
  const container = await create({ process: { args: ['/bin/probe', 'echo', 'here'] } })
  t.equal(container.stdout(), '')
  await container.start()
  await container.says(/^here$/m)
})

await test('state is the document of the specification', {
  shows: ['ociVersion', 'annotations.*', 'root.path'],
}, async ({ t, create }) => {
  const annotations = { 'org.example.one': 'two words', 'no dots': '' }
  const { state, id, bundle } = await create({ annotations })
  const { created, pid, ...rest } = await state()
  t.ok(isAlive(pid))
  t.ok(Math.abs(Date.parse(created) - Date.now()) < 120_000, created)
  t.same(rest, {
    ociVersion: '1.2.1',
    id,
    status: 'created',
    bundle: bundle.dir,
    rootfs: bundle.rootfs,
    annotations,
    owner: '',
  })
})

await test('--pid-file has the number of the process, and nothing else', {}, async ({ t, dir, create }) => {
  const file = join(dir, 'pid')
  writeFileSync(file, 'what was there before')
  const container = await create({}, ['--pid-file', file])
  t.equal(readFileSync(file, 'utf8'), `${await container.pid()}`)
})

await test('an id is taken until it is deleted', {}, async ({ t, create, bundle, fails, ok, start }) => {
  const { id, state } = await start()
  const before = await state()
  const other = bundle(`${id}-other`)
  for (const verb of [['create'], ['run'], ['run', '--detach']]) {
    t.match(await fails([...verb, '--bundle', other.dir, id]), /ERR_TSBOX_NAME_TAKEN/, verb.join(' '))
    t.same(await state(), before)
  }
  await ok(['delete', '--force', id])
  await ok(['create', '--bundle', other.dir, id])
  t.ok(await create())
})

await test('run ends like its program, and nothing is left of the container', {}, async ({
  t,
  run,
  root,
}) => {
  const ends = await Promise.all([0, 7].map(n => run({ process: { args: ['/bin/probe', 'exit', `${n}`] } })))
  t.same(
    ends.map(({ status }) => status),
    [0, 7],
  )
  t.notOk(existsSync(root))
})

await test('run passes on standard input, output and error', {}, async ({ t, run }) => {
  const args = ['/bin/sh', '-c', 'cat; echo problem >&2']
  t.match(await run({ process: { args } }, { input: 'some words\n' }), {
    status: 0,
    stdout: 'some words\n',
    stderr: 'problem\n',
  })
})

await test('run --detach returns while the program runs', {}, async ({ t, id, bundle, ok, tsbox, dir }) => {
  const name = id()
  const file = join(dir, 'pid')
  await ok(['run', '-d', '--pid-file', file, '--bundle', bundle(name).dir, name])
  const state = JSON.parse(await ok(['state', name]))
  t.match(state, { status: 'running', pid: Number(readFileSync(file, 'utf8')) })
  t.ok(isAlive(state.pid))
  t.equal((await tsbox(['delete', '--force', name])).status, 0)
})

await test('the bundle is the working directory if it is not named', {}, async ({
  t,
  id,
  bundle,
  ok,
  fails,
  dir,
}) => {
  const name = id()
  const made = bundle(name)
  await ok(['create', name], { cwd: made.dir })
  t.match(JSON.parse(await ok(['state', name])), { bundle: made.dir, status: 'created' })
  t.match(await fails(['create', id()], { cwd: dir }), /is not a bundle.*config\.json/s)
})

await test('J4: what is changed in the bundle after create has no effect', {}, async ({ t, create, ok }) => {
  const { bundle, start, stdout, says, id, exec } = await create({
    process: { args: ['/bin/sh', '-c', 'echo "first $WORD"; exec sleep 100'], env: [PATH, 'WORD=one'] },
  })
  bundle.write({
    process: { args: ['/bin/sh', '-c', 'echo second'], env: ['WORD=two'] },
    mounts: MOUNTS.slice(0, 1),
  })
  await start()
  await says(/first/)
  t.equal(stdout(), 'first one\n')
  rmSync(join(bundle.dir, 'config.json'))
  t.equal((await exec(['/bin/sh', '-c', 'echo $WORD'])).stdout, 'one\n')
  await ok(['delete', '--force', id])
})

const jsonLines = (file: string): readonly Record<string, string>[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))

await test('errors are lines of JSON in the log, whoever meets them', {}, async ({
  t,
  dir,
  id,
  bundle,
  fails,
}) => {
  const log = join(dir, 'log.json')
  const json = ['--log', log, '--log-format', 'json', '--debug']
  appendFileSync(log, '{"level":"info","msg":"before","time":"1970-01-01T00:00:00Z"}\n')
  const name = id()
  const { dir: made } = bundle(name, { process: { args: ['/bin/missing'] } })
  // By the command, by whoever runs a written plan, and by a shim that failed half way.
  const said = [
    await fails([...json, 'state', name]),
    await fails([...json, 'start', name]),
    await fails([...json, 'create', '--bundle', made, name]),
  ]
  const lines = jsonLines(log)
  t.same(
    lines.map(({ level, msg = '', time = '' }) => [level, msg !== '', Number.isNaN(Date.parse(time))]),
    [['info', true, false], ...said.map(() => ['error', true, false])],
  )
  t.same(
    lines.map(line => Object.keys(line).sort()),
    lines.map(() => ['level', 'msg', 'time']),
  )
  t.match(lines[3]?.msg, /no such file or directory/)
  for (const [i, text] of said.entries()) {
    const first = /^tsbox: (.*) \[ERR_TSBOX_[A-Z_]+\]$/m.exec(text)?.[1]
    t.ok(first !== undefined && lines[i + 1]?.msg?.startsWith(first), `${lines[i + 1]?.msg}`)
  }
})

await test('without --log-format the log is text', {}, async ({ t, dir, id, fails }) => {
  const log = join(dir, 'log')
  await fails(['--log', log, 'state', id()])
  t.match(readFileSync(log, 'utf8'), /^time="[^"]+" level=error msg=".* does not exist.*"\n$/)
  t.match(await fails(['--log', join(dir, 'no', 'log'), 'state', id()]), /does not exist/)
})

await test('options before the verb', {}, async ({ t, dir, ok, fails }) => {
  const log = ['--log', join(dir, 'log')]
  for (const words of [['--version'], ['-v'], [...log, '--version']])
    t.match(await ok(words), /^tsbox \d+\.\d+\.\d+\n$/)
  t.match(await fails(['--log-format', 'xml', 'list']), /no format "xml"/)
  const unknown = await fails([...log, 'frob'])
  t.match(unknown, /^tsbox: there is no verb "frob" \[ERR_TSBOX_USAGE\]\n {2}See `tsbox --help`\.$/m)
})

await test('checkpoint and restore are refused in words', {}, async ({ t, create, fails }) => {
  const { id, state } = await create()
  for (const verb of ['checkpoint', 'restore'])
    t.match(await fails([verb, id]), new RegExp(`tsbox does not ${verb} containers`))
  t.match(await state(), { status: 'created' })
})
