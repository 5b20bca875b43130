// Hooks that fail, that never end, that say too much: what becomes of the container.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { command, type Outcome } from '../helpers/command.ts'
import { eventually, isAlive, startProgram } from '../helpers/live-box.ts'
import type { Json } from './helpers/config.ts'
import { foundIn, KINDS, type Kind, makeRecorder, recording } from './helpers/hooks.ts'
import { type Oci, ociTests } from './helpers/oci-test.ts'
import { groupsOf } from './helpers/residue.ts'

const test = ociTests(import.meta.filename)

const failing = (text: string): Json => ({ path: '/bin/sh', args: ['sh', '-c', text] })

/** Whether anything of a container is there. */
const isGone = ({ root, marker }: Oci, id: string): boolean =>
  !existsSync(join(root, id)) && groupsOf(marker).every(path => !path.endsWith(id))

for (const kind of ['prestart', 'createRuntime', 'createContainer'] as const) {
  await test(`${kind} that fails undoes everything, and poststop is run`, {
    shows: ['hooks.{prestart,createRuntime,createContainer}[].path'],
  }, async oci => {
    const { t, id, bundle, fails, dir } = oci
    const recorder = makeRecorder(dir)
    const name = id()
    const hooks = {
      ...recording(recorder, ['prestart', 'poststart', 'poststop']),
      [kind]: [failing('echo first words; echo why >&2; exit 7'), failing(`touch ${dir}/never`)],
    }
    const said = await fails(['create', '--bundle', bundle(name, { hooks }).dir, name])
    t.match(
      said,
      new RegExp(`hooks\\.${kind}\\[0\\]: the hook /bin/sh ended with status 7: first words\\\\u000awhy`),
    )
    t.ok(isGone(oci, name))
    t.notOk(existsSync(join(dir, 'never')), 'later ones do not run')
    const found = foundIn(recorder.log)
    t.same(
      found.map(each => each.kind),
      kind === 'prestart' ? ['poststop'] : ['prestart', 'poststop'],
    )
    t.equal(found.at(-1)?.state.status, 'stopped')
  })
}

await test('startContainer that fails stops the container, which can be deleted', {
  shows: ['hooks.startContainer[].path'],
}, async oci => {
  const { t, create, fails, ok, run } = oci
  const hooks = { startContainer: [failing('echo inside; exit 9')] }
  const { id, state, ended, stdout } = await create({ hooks, process: { args: ['echo', 'ran'] } })
  t.match(await fails(['start', id]), /the hook \/bin\/sh ended with status 9: inside/)
  await ended()
  t.match(await state(), { status: 'stopped' })
  t.equal(stdout(), '')
  await ok(['delete', id])
  const whole = await run({ hooks, process: { args: ['echo', 'ran'] } })
  t.match(whole, { status: 1, stdout: '', stderr: /hooks\.startContainer\[0\]: .*status 9: inside/ })
})

await test('poststart and poststop that fail are warnings, and the next ones run', {
  shows: ['hooks.{poststart,poststop}[].path'],
}, async oci => {
  const { t, id, bundle, tsbox, ok, dir } = oci
  const name = id()
  const log = join(dir, 'log.json')
  const both = (word: string) => [failing(`echo ${word} >&2; exit 3`), failing(`touch ${dir}/${word}`)]
  await ok([
    'create',
    '--bundle',
    bundle(name, { hooks: { poststart: both('after-start'), poststop: both('after-stop') } }).dir,
    name,
  ])
  const logged = ['--log', log, '--log-format', 'json']
  t.match(await tsbox([...logged, 'start', name]), { status: 0, stderr: /status 3: after-start/ })
  t.match(JSON.parse(await ok(['state', name])), { status: 'running' })
  t.match(await tsbox([...logged, 'delete', '--force', name]), { status: 0, stderr: /status 3: after-stop/ })
  t.ok(existsSync(join(dir, 'after-start')) && existsSync(join(dir, 'after-stop')))
  t.ok(isGone(oci, name))
  const lines = readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  t.same(
    lines.map(({ level }) => level),
    ['warning', 'warning'],
  )
})

/** The hooks that are run on the host, and the verb that runs them. */
const VERB: Readonly<Partial<Record<Kind, string>>> = {
  prestart: 'create',
  createRuntime: 'create',
  createContainer: 'create',
  startContainer: 'start',
  poststart: 'start',
  poststop: 'delete',
}

for (const kind of KINDS) {
  await test(`${kind} that takes too long is ended, and counts as failed`, {
    shows: ['hooks.{prestart,createRuntime,createContainer,startContainer,poststart,poststop}[].timeout'],
  }, async oci => {
    const { t, id, bundle, tsbox, dir } = oci
    const name = id()
    const file = kind === 'startContainer' ? '/pid' : join(dir, 'pid')
    const hook = { ...failing(`sleep 1000 & echo $$ $! >${file}; wait`), timeout: 1 }
    const { dir: made, rootfs } = bundle(name, { hooks: { [kind]: [hook] } })
    const outcomes: Outcome[] = []
    for (const words of [
      ['create', '--bundle', made, name],
      ['start', name],
      ['delete', '--force', name],
    ]) {
      if (kind === 'poststop' || outcomes.every(({ status }) => status === 0))
        outcomes.push(await tsbox(words))
    }
    const at = ['create', 'start', 'delete'].indexOf(VERB[kind] ?? '')
    t.match(outcomes[at]?.stderr, /the hook \/bin\/sh took longer than 1 s/)
    t.equal(outcomes[at]?.status, kind.startsWith('post') ? 0 : 1)
    const text = readFileSync(kind === 'startContainer' ? join(rootfs, 'pid') : file, 'utf8')
    if (kind !== 'startContainer' && kind !== 'createContainer')
      for (const pid of text.trim().split(' '))
        t.ok(
          await eventually(() => !isAlive(Number(pid)) || undefined),
          'it is gone, with what it had started',
        )
  })
}

for (const kind of ['createRuntime', 'poststart'] as const) {
  await test(`SIGTERM ends a verb that waits for ${kind}, and the hook`, {
    shows: ['hooks.{createRuntime,poststart}[].path'],
  }, async oci => {
    const { t, id, bundle, tsbox, root, dir } = oci
    const name = id()
    const file = join(dir, 'pid')
    const { dir: made } = bundle(name, { hooks: { [kind]: [failing(`echo $$ >${file}; sleep 1000; true`)] } })
    if (kind === 'poststart') await tsbox(['create', '--bundle', made, name])
    const words = kind === 'poststart' ? ['start', name] : ['create', '--bundle', made, name]
    const live = startProgram(command(), ['--root', root, ...words])
    const pid = await eventually(() =>
      existsSync(file) ? Number(readFileSync(file, 'utf8')) || undefined : undefined,
    )
    live.child.kill('SIGTERM')
    const { status, stderr } = await live.ended
    t.match(stderr, /the hook \/bin\/sh was ended because tsbox was told to end/)
    t.equal(status, kind === 'poststart' ? 0 : 1)
    t.notOk(isAlive(pid ?? 0))
    if (kind === 'createRuntime') t.ok(isGone(oci, name))
  })
}

await test('a hook may say as much as it likes', { shows: ['hooks.createRuntime[].path'] }, async oci => {
  const { t, id, bundle, fails, ok } = oci
  const flood = (end: string) => failing(`head -c 100000000 /dev/zero | tr '\\0' x; ${end}`)
  const name = id()
  await ok(['create', '--bundle', bundle(name, { hooks: { createRuntime: [flood('true')] } }).dir, name])
  const said = await fails([
    'create',
    '--bundle',
    bundle(`${name}-2`, { hooks: { createRuntime: [flood('exit 1')] } }).dir,
    `${name}-2`,
  ])
  t.match(said, /ended with status 1: x{900,1024}\b/)
  t.ok(said.length < 3000, `${said.length}`)
})

await test('a hook that is not there, that is ended by a signal, that ignores its input', {
  shows: ['hooks.createRuntime[].path'],
}, async ({ t, refusal }) => {
  const hooks = (hook: Json) =>
    refusal({ hooks: { createRuntime: [hook] }, annotations: { long: 'x'.repeat(200_000) } })
  t.match(
    await hooks({ path: '/no/such/hook' }),
    /hooks\.createRuntime\[0\]: the hook \/no\/such\/hook ended with status 127/,
  )
  t.match(await hooks({ path: '/etc/passwd' }), /status 126/)
  t.match(await hooks(failing('kill -SEGV $$')), /was ended by signal 11/)
  t.match(await hooks(failing('exec <&-; exit 5')), /status 5/)
})
