// J1: an id is a name, never a path, for every verb; what lies beside the state of containers stays as it is.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inParallel } from '../helpers/boxes.ts'
import { ociTests } from './helpers/oci-test.ts'

const test = ociTests(import.meta.filename)

const VERBS: readonly (readonly string[])[] = [
  ['create', '--bundle', 'BUNDLE', 'ID'],
  ['run', '--bundle', 'BUNDLE', 'ID'],
  ['start', 'ID'],
  ['state', 'ID'],
  ['kill', 'ID', 'KILL'],
  ['kill', '--all', 'ID', 'KILL'],
  ['delete', 'ID'],
  ['delete', '--force', 'ID'],
  ['exec', 'ID', '/bin/true'],
  ['ps', 'ID'],
  ['pause', 'ID'],
  ['resume', 'ID'],
  ['update', '--pids-limit', '9', 'ID'],
  ['events', '--stats', 'ID'],
]

/** Those that lead somewhere from `state/root`: up, beside, into a directory. Every verb is tried with them. */
const PATHS = ['..', '../../beside', 'a/b']

/** Other ways to write one, and the root itself. */
const MORE_PATHS = ['.', '../beside', '/', '/tmp', './x', 'x/..', 'x/../../beside', '']

const ODD = [
  '-x',
  '.hidden',
  'a b',
  'a\nb',
  'ä',
  'x\u0007',
  '%2e%2e',
  'a:b',
  'x'.repeat(129),
  'x'.repeat(300),
]

await test('J1: no verb takes a path for an id, and the files beside survive', {}, async ({
  t,
  dir,
  tsbox,
  bundle,
  id,
}) => {
  const root = join(dir, 'other', 'root')
  const beside = join(dir, 'beside')
  for (const path of [join(root, 'a', 'b'), join(root, 'x'), beside]) mkdirSync(path, { recursive: true })
  const files = [
    join(root, 'a', 'b', 'process'),
    join(root, 'canary'),
    join(dir, 'other', 'canary'),
    join(beside, 'canary'),
  ]
  for (const file of files) writeFileSync(file, 'alive')
  const { dir: made } = bundle(id())
  // What makes, what runs without Node, and what removes.
  const few = VERBS.filter((_, i) => [0, 2, 7].includes(i))
  const calls = [
    ...PATHS.map(name => [name, VERBS] as const),
    ...MORE_PATHS.map(name => [name, few] as const),
    ...ODD.map(name => [name, VERBS.slice(0, 1)] as const),
  ].flatMap(([name, verbs]) =>
    verbs.map(verb => verb.map(word => (word === 'ID' ? name : word === 'BUNDLE' ? made : word))),
  )
  const wrong = await inParallel(calls, async words => {
    const { status, stdout, stderr } = await tsbox(['--root', root, ...words])
    const refused =
      status === 1 && stdout === '' && /cannot be the id|is missing|no option|unknown|one word/i.test(stderr)
    return refused ? [] : [{ words, status, stdout, stderr }]
  })
  t.same(wrong.flat(), [])
  t.same(
    files.map(file => readFileSync(file, 'utf8')),
    files.map(() => 'alive'),
  )
  t.same(readdirSync(root).sort(), ['a', 'canary', 'x'])
})

await test('the longest id and every letter of one are taken', {}, async ({ t, marker, bundle, ok, dir }) => {
  for (const name of [`${marker}-${'x'.repeat(127 - marker.length)}`, `+_${marker}.A-z0`]) {
    const { dir: made } = bundle(marker, { linux: { cgroupsPath: `/${marker}/${name}` } })
    await ok(['create', '--bundle', made, '--pid-file', join(dir, 'pid'), name])
    t.match(JSON.parse(await ok(['state', name])), { id: name, status: 'created' })
    await ok(['delete', '-f', name])
  }
})
