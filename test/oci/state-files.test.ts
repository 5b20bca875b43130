// State that was damaged, and numbers of processes that were given to others (J5, J9).
import { spawn } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { inParallel } from '../helpers/boxes.ts'
import type { Outcome } from '../helpers/command.ts'
import { isAlive } from '../helpers/live-box.ts'
import { givenAway } from './helpers/given-away.ts'
import { type Oci, ociTests } from './helpers/oci-test.ts'

const test = ociTests(import.meta.filename)

const FILES = ['container.json', 'config.json', 'process', 'gate', 'start.plan', 'delete.plan'] as const

const overwrite = (path: string, data: string | Buffer) => {
  rmSync(path)
  writeFileSync(path, data, { mode: 0o600 })
}

/** What lies at a path, a socket too, with some of its bytes gone from the end. */
const cut = (path: string, left: (size: number) => number) =>
  statSync(path).isFile() ? truncateSync(path, left(statSync(path).size)) : overwrite(path, 'x')

const DAMAGES: Readonly<Record<string, (path: string) => void>> = {
  missing: path => rmSync(path),
  empty: path => overwrite(path, ''),
  'one byte': path => cut(path, () => 1),
  half: path => cut(path, size => Math.floor(size / 2)),
  'without its last byte': path => cut(path, size => size - 1),
  zeros: path => overwrite(path, Buffer.alloc(4096)),
  'other types': path =>
    overwrite(path, '{"id":7,"bundle":[],"groupPath":{},"process":"x","linux":3,"pid":"many"}'),
  'no object': path => overwrite(path, '[1,2,3]'),
  text: path => overwrite(path, 'not json, no plan\n'.repeat(50)),
  'a directory': path => {
    rmSync(path)
    mkdirSync(path)
  },
}

/** Those that differ in what can still be known; for the others fewer verbs are tried. */
const SEVERE: readonly string[] = ['missing', 'half', 'other types']

const STATES: ReadonlySet<string> = new Set(['creating', 'created', 'running', 'paused', 'stopped'])

/** A verb works, or says in our words why it does not. */
const isInWords = ({ status, stderr }: Outcome): boolean =>
  status === 0 || (status === 1 && /^tsbox: [\s\S]+ \[ERR_TSBOX_[A-Z_]+\]/.test(stderr))

/** What is wrong with the states that are told: by `list` of all containers, by `state` of these. */
const oddStates = async ({ tsbox }: Oci, ids: readonly string[]): Promise<readonly unknown[]> => {
  const list = await tsbox(['list', '--format', 'json'])
  const listed: readonly { readonly status: string }[] = list.status === 0 ? JSON.parse(list.stdout) : []
  const states = await inParallel(ids, id => tsbox(['state', id]))
  return [
    ...(list.status === 0 ? [] : [list]),
    ...listed.filter(({ status }) => !STATES.has(status)),
    ...states.filter(outcome => !isInWords(outcome)),
    ...states.filter(({ status, stdout }) => status === 0 && !STATES.has(JSON.parse(stdout).status)),
  ]
}

await test('whatever a file of the state has become, state and list say something sensible', {}, async oci => {
  const { t, create, root, dir } = oci
  const ids = await inParallel(FILES, async () => (await create()).id)
  for (const [name, damage] of Object.entries(DAMAGES)) {
    const whole = FILES.map(
      (file, i) => [join(root, ids[i] ?? '', file), join(dir, `whole-${file}`)] as const,
    )
    for (const [path, aside] of whole) {
      // A link keeps what is replaced; what is changed in place is copied. A socket cannot be.
      if (statSync(path).isFile()) copyFileSync(path, aside)
      else linkSync(path, aside)
      damage(path)
    }
    t.same(await oddStates(oci, SEVERE.includes(name) ? ids : []), [], name)
    for (const [path, aside] of whole) {
      rmSync(path, { recursive: true, force: true })
      renameSync(aside, path)
    }
  }
  for (const id of ids) t.match(await oci.ok(['state', id]), /"status": "created"/, 'whole again')
})

for (const started of [false, true]) {
  await test(`a container that is ${started ? 'running' : 'created'} can be deleted, whichever file is damaged`, {}, async oci => {
    const { tsbox, root } = oci
    const files = started ? (['container.json', 'config.json', 'process', 'delete.plan'] as const) : FILES
    const cases = files.flatMap(file => ['missing', 'other types'].map(name => [file, name] as const))
    const wrong = await inParallel(cases, async ([file, name]) => {
      const { id, start } = await oci.create()
      if (started) await start()
      const number = Number.parseInt(readFileSync(join(root, id, 'process'), 'latin1'), 10)
      DAMAGES[name]?.(join(root, id, file))
      const tried = [await tsbox([started ? 'kill' : 'start', id])].filter(outcome => !isInWords(outcome))
      const { status, stderr } = await tsbox(['delete', '--force', id])
      const left = { directory: existsSync(join(root, id)), process: isAlive(number) }
      return status === 0 && tried.length === 0 && !left.directory && !left.process
        ? []
        : [{ file, name, tried, status, stderr, left }]
    })
    oci.t.same(wrong.flat(), [])
  })
}

await test('a state directory may be empty, hold directories of others, or be no directory', {}, async ({
  t,
  root,
  marker,
  ok,
  tsbox,
}) => {
  const id = `${marker}-empty`
  mkdirSync(join(root, id), { recursive: true })
  t.equal(await ok(['list', '--format', 'json']), '[]\n')
  t.match(await tsbox(['state', id]), { status: 1, stderr: /cannot be read/ })
  await ok(['delete', '--force', id])
  t.notOk(existsSync(join(root, id)))
  mkdirSync(root, { recursive: true })
  writeFileSync(join(root, `${marker}-file`), '')
  t.equal(await ok(['list', '-q']), '')
  t.equal((await tsbox(['state', `${marker}-file`])).status, 1)
  rmSync(join(root, `${marker}-file`))
})

await test('a written plan that others could have changed is not run', {}, async ({
  t,
  create,
  ok,
  fails,
  root,
  dir,
}) => {
  const { id } = await create()
  const file = join(root, id, 'delete.plan')
  copyFileSync(file, join(dir, 'copy'))
  chmodSync(file, 0o666)
  t.match(await fails(['delete', id]), /is created/, 'the command looks at it anew')
  await ok(['delete', '--force', id])
})

/** A stat line as it would be of another process: its number, and whichever start time. */
const statLine = (pid: number, started?: string): string => {
  const line = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  if (started !== undefined) fields[19] = started
  return `${line.slice(0, line.lastIndexOf(')') + 2)}${fields.join(' ')}`
}

await test('J5: the number of the process belongs to somebody else now, who is left alone', {}, async ({
  t,
  create,
  ok,
  fails,
  root,
}) => {
  const other = spawn('sleep', ['1000'], { stdio: 'ignore' })
  const pid = other.pid ?? 0
  try {
    const { id, kill, start, state } = await create()
    await start()
    await kill()
    writeFileSync(join(root, id, 'process'), statLine(pid, '12345'))
    t.match(await state(), { status: 'stopped', pid: 0 })
    for (const verb of [
      ['kill', id, 'KILL'],
      ['exec', id, 'true'],
      ['pause', id],
      ['update', '--pids-limit', '9', id],
      ['start', id],
      ['ps', id],
    ])
      t.match(await fails(verb), /is stopped/, verb[0] ?? '')
    await ok(['kill', '--all', id, 'KILL'])
    await ok(['delete', id])
    t.ok(isAlive(pid))
    const forced = await create()
    writeFileSync(join(root, forced.id, 'process'), statLine(pid, '12345'))
    await ok(['delete', '--force', forced.id])
    t.ok(isAlive(pid))
  } finally {
    other.kill('SIGKILL')
  }
})

await test('J5: a number that was really given away', {}, async oci => {
  const { stdout, stderr } = await givenAway(
    oci,
    `tsbox state $name | grep status
    tsbox kill $name KILL || echo kill refused
    tsbox exec $name true || echo exec refused
    tsbox delete $name && echo deleted
    kill -0 $other && echo lives
    kill -9 $other`,
  )
  const refused = 'kill refused\nexec refused\ndeleted\nlives\n'
  oci.t.equal(stdout, `same 1\n  "status": "stopped",\n${refused}`, stderr)
})
