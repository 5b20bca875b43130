// Family J against the OCI runtime: where its state lies, and who wrote it.
import { spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { inParallel } from '../helpers/boxes.ts'
import { canaryState } from '../helpers/canary.ts'
import { outcomeOf } from '../helpers/command.ts'
import { eventually, isAlive } from '../helpers/live-box.ts'
import { type Oci, ociTests } from '../oci/helpers/oci-test.ts'
import { isDebians, onEngine } from './helpers/engine.ts'
import { sceneOf } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)
const NOBODY = 65_534

/** Every verb that takes an id. */
const verbsOf = (id: string, bundle: string): readonly (readonly string[])[] => [
  ['create', '--bundle', bundle, id],
  ['run', '--bundle', bundle, id],
  ['run', '--detach', '--bundle', bundle, id],
  ['start', id],
  ['state', id],
  ['kill', id, 'KILL'],
  ['kill', '--all', id, 'KILL'],
  ['delete', id],
  ['delete', '--force', id],
  ['exec', id, '/bin/true'],
  ['ps', id],
  ['pause', id],
  ['resume', id],
  ['update', '--pids-limit', '9', id],
  ['events', '--stats', id],
]

await test('J1: an id is never a path: no verb removes, reads or makes anything elsewhere', {}, async oci => {
  const { t, tsbox } = oci
  const { bird, before, bundle } = sceneOf(oci)
  const root = join(bird, 'inner')
  const { dir } = bundle()
  const calls = ['..', '../inner'].flatMap(id => verbsOf(id, dir))
  const outcomes = await inParallel(calls, words => tsbox(['--root', root, ...words]))
  t.same(
    outcomes.flatMap(({ status, stdout }, i) => (status === 1 && stdout === '' ? [] : [calls[i]])),
    [],
    'each is refused',
  )
  t.same(canaryState(bird), before, 'the canary, in which the state root lies, is clean')
})

await test('J1: crun 1.8.1 removes the parent of its state root for the same id', {}, async oci => {
  const { t, dir } = oci
  const { bundle } = sceneOf(oci)
  const script = `
    mkdir -p "$DIR/x/y/z/state"; touch "$DIR/x/y/z/file"
    STATE="$DIR/x/y/z/state"; engine delete -f ..
    [ -e "$DIR/x/y/z/file" ] && echo there || echo gone`
  const seen = await onEngine('crun', { dir, bundle: bundle(), script })
  if (seen === undefined || !isDebians('crun')) return t.comment('crun 1.8.1 is not installed: no control')
  t.match(seen.stdout, /^gone$/m, seen.stderr)
})

interface Forged {
  readonly place: string
  readonly id: string
  /** A process of somebody else that is to be hit. */
  readonly pid: number
}

/** What somebody else would like to have run: the state of a container whose process is another's, with a hook for its removal. */
const forge = ({ dir }: Oci, config: object, { place, id, pid }: Forged): void => {
  const hooks = { poststop: [{ path: '/bin/sh', args: ['sh', '-c', `echo ran >>${dir}/ran`] }] }
  mkdirSync(join(place, id), { recursive: true })
  writeFileSync(join(place, id, 'config.json'), JSON.stringify({ ...config, hooks }))
  const kept = { id, bundle: '/tmp', rootfs: '/tmp', created: '2026-01-01T00:00:00Z' }
  writeFileSync(join(place, id, 'container.json'), JSON.stringify(kept))
  writeFileSync(join(place, id, 'process'), readFileSync(`/proc/${pid}/stat`))
}

const owned = (path: string, uid: number): void => {
  chownSync(path, uid, uid)
  for (const name of readdirSync(path)) chownSync(join(path, name), uid, uid)
}

const FEW: ReadonlySet<string> = new Set(['start', 'delete'])

await test('G12: state that somebody else wrote is not believed', {}, async oci => {
  const { t, dir, tsbox } = oci
  const { bundle } = sceneOf(oci)
  const made = bundle()
  const config = JSON.parse(readFileSync(join(made.dir, 'config.json'), 'utf8'))
  const victim = spawn('sleep', ['1000'], { stdio: 'ignore' })
  t.teardown(() => victim.kill('SIGKILL'))
  const pid = victim.pid ?? 0
  const cases: readonly (readonly [string, (place: string, id: string) => void])[] = [
    ['the root is theirs', place => chownSync(place, NOBODY, NOBODY)],
    ['everybody can write the root', place => chmodSync(place, 0o777)],
    [
      'as in /tmp, the directory is theirs',
      (place, id) => {
        chmodSync(place, 0o1777)
        owned(join(place, id), NOBODY)
      },
    ],
    [
      'as in /tmp, the directory can be written',
      (place, id) => {
        chmodSync(place, 0o1777)
        chmodSync(join(place, id), 0o777)
      },
    ],
    [
      'the directory is a link',
      (place, id) => {
        renameSync(join(place, id), `${place}.other`)
        symlinkSync(`${place}.other`, join(place, id))
      },
    ],
  ]
  for (const [i, [what, spoil]] of cases.entries()) {
    const place = join(dir, `theirs-${i}`)
    const id = oci.id()
    forge(oci, config, { place, id, pid })
    spoil(place, id)
    const verbs = verbsOf(id, made.dir).filter(([verb = '']) => i === 0 || FEW.has(verb))
    for (const words of verbs) {
      const { status, stdout } = await tsbox(['--root', place, ...words])
      t.same([status, stdout], [1, ''], `${what}: ${words.slice(0, 2).join(' ')}`)
    }
    t.equal((await tsbox(['--root', place, 'list', '-f', 'json'])).stdout, '[]\n')
    t.notOk(existsSync(join(dir, 'ran')), `${what}: the hook did not run`)
    t.ok(existsSync(join(place, id)), 'and it is still there')
    t.ok(isAlive(pid), 'nor was its process hit')
  }
  const place = join(dir, 'ours')
  const id = oci.id()
  forge(oci, config, { place, id, pid })
  t.equal((await tsbox(['--root', place, 'delete', '--force', id])).status, 0)
  t.ok(existsSync(join(dir, 'ran')), 'of our own state it runs')
  t.ok(await eventually(() => !isAlive(pid) || undefined), 'and the process is ended')
})

await test('G12: a written plan is not run out of a directory that others can write', {}, async oci => {
  const { t, tsbox, root, start, ok } = oci
  const { id, pid } = await start()
  const other = oci.id()
  const place = join(oci.dir, 'open')
  mkdirSync(place)
  chmodSync(place, 0o1777)
  // The plan is root's, and so is every directory; only the name was put there by somebody else.
  symlinkSync(join(root, id), join(place, other))
  for (const verb of [['start'], ['delete', '--force']])
    t.match(await tsbox(['--root', place, ...verb, other]), { status: 1, stderr: /is no directory/ })
  t.ok(isAlive(await pid()))
  rmSync(join(place, other))
  await ok(['delete', '--force', id])
  t.notOk(isAlive(await pid().catch(() => 0)), 'where it belongs it works')
})

await test('F7: links that wait where a pid file or a log will be are not written through', {}, async oci => {
  const { t, dir, tsbox, ok } = oci
  const { bird, changes, bundle } = sceneOf(oci)
  const place = join(dir, 'shared')
  mkdirSync(place)
  chmodSync(place, 0o1777)
  const plant = (name: string, target: string) => {
    symlinkSync(target, join(place, name))
    return outcomeOf('chown', ['-h', `${NOBODY}`, join(place, name)])
  }
  for (const name of ['pid', 'pid.new', 'exec', 'exec.new', 'log', 'log2'])
    await plant(name, join(bird, name === 'log2' ? 'made' : 'file'))
  const { id, dir: made } = bundle()
  await ok(['create', '--bundle', made, '--pid-file', join(place, 'pid'), id])
  await ok(['start', id])
  await ok(['exec', '--pid-file', join(place, 'exec'), id, '/bin/true'])
  for (const name of ['pid', 'exec'])
    t.ok(lstatSync(join(place, name)).isFile(), `${name} is a file of its own`)
  for (const log of ['log', 'log2'])
    for (const format of ['text', 'json']) {
      const words = ['--log', join(place, log), '--log-format', format]
      t.match(await tsbox([...words, 'state', 'none']), { status: 1, stderr: /does not exist/ })
      t.equal((await tsbox([...words, 'start', id])).status, 1, 'so does a verb that needs no Node')
    }
  t.same(changes(), [], 'the canary is clean')
  const own = join(place, 'own')
  symlinkSync(join(dir, 'log'), own)
  await tsbox(['--log', own, 'state', 'none'])
  t.match(readFileSync(join(dir, 'log'), 'utf8'), /does not exist/, 'a link of our own is followed')
  await outcomeOf('mkfifo', [join(place, 'fifo')])
  const stuck = await tsbox(['--log', join(place, 'fifo'), 'state', 'none'], { patience: 20_000 })
  t.equal(stuck.status, 1, 'a log that nobody reads keeps nobody waiting')
})

await test('J6: the gate is a socket with a path, in a directory of its owner alone', {}, async oci => {
  const { t, root, create, start, dir } = oci
  const waiting = await create()
  const gate = join(root, waiting.id, 'gate')
  t.ok(lstatSync(gate).isSocket())
  t.equal(lstatSync(gate).mode & 0o777, 0o600)
  for (const path of [root, join(root, waiting.id)]) t.equal(lstatSync(path).mode & 0o777, 0o700)
  // A container on the network of the host sees every abstract name there is.
  const { namespaces } = JSON.parse(readFileSync(join(waiting.bundle.dir, 'config.json'), 'utf8')).linux
  const here = namespaces.filter(({ type }: { type: string }) => type !== 'network')
  const { exec } = await start({ linux: { namespaces: here } })
  const { stdout } = await exec(['/bin/cat', '/proc/net/unix'])
  t.match(stdout, /^Num/)
  const ours = stdout.split('\n').filter(line => /@.*(tsbox|gate|oci-)/.test(line))
  t.same(ours, [], 'and none of ours')
  chmodSync(dir, 0o755)
  const knock = `const s = require('net').connect(${JSON.stringify(gate)}); s.on('error', e => { console.log(e.code); process.exit() }); s.on('connect', () => { console.log('in'); process.exit() })`
  const nobody = await outcomeOf('setpriv', [
    ...['--reuid', `${NOBODY}`, '--regid', `${NOBODY}`, '--clear-groups'],
    ...[process.execPath, '-e', knock],
  ])
  t.match(nobody.stdout, /^(EACCES|EPERM)\n/, `nobody cannot knock ${nobody.stderr}`)
  t.match(await waiting.state(), { status: 'created' })
  const itself = await outcomeOf(process.execPath, ['-e', knock])
  t.equal(itself.stdout, 'in\n', 'root can, which starts it')
})
