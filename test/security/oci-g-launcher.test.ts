// Family G against the OCI runtime: who may drive it, what lies around, and what is left when its callers are killed.
import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { command, outcomeOf } from '../helpers/command.ts'
import { eventually, isAlive } from '../helpers/live-box.ts'
import { probe } from '../helpers/rootfs.ts'
import { ociTests } from '../oci/helpers/oci-test.ts'
import { groupsOf, processesOf } from '../oci/helpers/residue.ts'
import { program, sceneOf } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)
const NOBODY = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']

await test('G1, G2: the front door with raised rights does nothing, whatever is written', {}, async oci => {
  const { t, ok, create, root, dir } = oci
  const container = await create()
  for (const path of [dir, root, join(root, container.id)]) chmodSync(path, 0o755)
  const lib = dirname(realpathSync(command()))
  const place = join(dir, 'lib')
  mkdirSync(place, { mode: 0o755 })
  for (const name of readdirSync(lib)) {
    if (name === 'node') linkSync(join(lib, name), join(place, name))
    else if (lstatSync(join(lib, name)).isFile()) copyFileSync(join(lib, name), join(place, name))
  }
  const front = join(place, 'tsbox')
  copyFileSync(join(lib, 'tsbox-shim'), front)
  const ask = async (mode: number, ...args: readonly string[]) => {
    chmodSync(front, mode)
    const { status, stdout, stderr } = await outcomeOf(NOBODY[0] ?? '', [
      ...NOBODY.slice(1),
      front,
      '--root',
      root,
      ...args,
    ])
    return { status, text: stdout + stderr }
  }
  for (const args of [
    ['start', container.id],
    ['delete', container.id],
    ['delete', '--force', container.id],
    ['state', container.id],
  ]) {
    t.same(await ask(0o4755, ...args), { status: 125, text: '' }, `setuid: ${args[0]} ends without a word`)
    const plain = await ask(0o755, ...args)
    t.ok(
      plain.status !== 0 && plain.text.includes('ERR_TSBOX'),
      `an ordinary user’s ${args.join(' ')}: ${plain.status} ${plain.text}`,
    )
    t.equal((await container.state()).status, 'created', 'and changes nothing')
  }
  for (const path of [root, join(root, container.id)]) chmodSync(path, 0o700)
  await ok(['start', container.id])
  t.equal((await container.state()).status, 'running', 'root’s start works')
})

await test('G7: state is root’s alone, whatever the umask', {}, async oci => {
  const { t, root, dir, ok } = oci
  const { bundle } = sceneOf(oci)
  const { id, dir: made } = bundle()
  const pidFile = join(dir, 'pid')
  const before = ['sh', '-c', 'umask 000; exec "$@"', 'sh']
  await ok(['create', '--pid-file', pidFile, '--bundle', made, id], { before })
  const look = () => {
    for (const path of [root, join(root, id)]) {
      const { mode, uid, gid } = lstatSync(path)
      t.same([mode & 0o7777, uid, gid], [0o700, 0, 0], path)
    }
    const open = execFileSync('find', [root, pidFile, '-perm', '/022', '!', '-type', 'l']).toString()
    t.equal(open, '', 'nothing can be written by others')
    for (const group of groupsOf(id)) t.equal(lstatSync(group).mode & 0o022, 0, group)
  }
  look()
  const nobody = (...argv: readonly string[]) => outcomeOf(NOBODY[0] ?? '', [...NOBODY.slice(1), ...argv])
  t.not((await nobody('ls', root)).status, 0, 'nobody else can list it')
  t.not((await nobody('cat', join(root, id, 'config.json'))).status, 0, 'nor read what is in it')
  t.equal((await nobody('ls', dirname(root))).status, 0, 'what is public they can')
  const pid = Number(readFileSync(pidFile, 'utf8'))
  for (const file of ['environ', 'mem', 'maps', 'root/bin'])
    t.not(
      (await nobody('ls', '-L', `/proc/${pid}/${file}`, '&&', 'cat', `/proc/${pid}/${file}`)).status,
      0,
      `nor who waits: ${file}`,
    )
  await ok(['start', id], { before })
  look()
})

await test('G8: a value that looks like an option is a value, or is refused', {}, async oci => {
  const { t, tsbox, ok } = oci
  const { start, run, rootfs } = sceneOf(oci)
  const id = await start()
  for (const odd of ['--help', '-t', '--', '-']) {
    const shown = `"/bin/probe"\n"args"\n"${odd}"\n`
    t.equal(await ok(['exec', id, '/bin/probe', 'args', odd]), shown, `exec … ${odd}`)
    t.equal((await run(program('/bin/probe', 'args', odd))).stdout, shown)
    t.match(await tsbox(['exec', id, odd]), { status: 1, stdout: '' }, `${odd} as a program is looked for`)
    t.match(await tsbox(['exec', '--cwd', odd, id, '/bin/probe', 'cwd']), { status: 1, stdout: '' })
    t.match(await tsbox(['exec', '-e', `X=${odd}`, id, '/bin/probe', 'env']), {
      status: 0,
      stdout: `X=${odd}\n`,
    })
    t.match(await tsbox(['state', odd]), { stdout: /^(Usage|$)/ }, `${odd} as an id`)
  }
  copyFileSync(probe(), join(rootfs, 'bin', '--help'))
  t.match(
    await tsbox(['exec', id, '--help', 'echo', 'ran']),
    { stdout: 'ran\n' },
    'a program of that name is run',
  )
  const devices = { linux: { netDevices: { '--help': {}, '-batch': {} } } }
  t.match(await run({ ...program('/bin/true'), ...devices }), { status: 1, stderr: /linux\.netDevices/ })
  const bundle = join(oci.dir, '--bundle')
  mkdirSync(bundle)
  writeFileSync(join(bundle, 'config.json'), '{}')
  t.match(await tsbox(['create', '--bundle', '--bundle', `${id}x`], { cwd: oci.dir }), {
    status: 1,
    stderr: /ociVersion/,
  })
})

await test('G11: a container that is supervised ends with its supervisor', {}, async oci => {
  const { t, root } = oci
  const { bundle } = sceneOf(oci)
  for (const over of [{}, { process: { user: { uid: 1000, gid: 1000 } } }]) {
    const { id, dir } = bundle(over)
    const child = spawn(command(), ['--root', root, 'run', '--bundle', dir, id], { stdio: 'ignore' })
    const ended = new Promise(resolve => child.once('exit', resolve))
    t.ok(await eventually(() => processesOf(id).some(line => line.includes('pause')) || undefined), 'it runs')
    const pids = processesOf(id).map(line => Number(line.split(' ')[0]))
    child.kill('SIGKILL')
    await ended
    t.ok(
      await eventually(() => !pids.some(isAlive) || undefined, process.env.TSBOX_TEST_VM ? 20_000 : 5000),
      'soon nobody is left',
    )
    t.ok(await eventually(() => groupsOf(id).length === 0 || undefined, 10_000), 'nor a group')
  }
})

await test('G11: who joined ends with the one that waits for it', {}, async oci => {
  const { t, root, ok } = oci
  const { start } = sceneOf(oci)
  const id = await start()
  for (const options of [[], ['-t'], ['-u', '1000']]) {
    const child = spawn(command(), ['--root', root, 'exec', ...options, id, '/bin/probe', 'sleep', '1000'], {
      stdio: 'ignore',
    })
    const ended = new Promise(resolve => child.once('exit', resolve))
    t.ok(await eventually(() => processesOf(id).some(line => line.includes('1000')) || undefined), 'it runs')
    child.kill('SIGKILL')
    await ended
    t.ok(
      await eventually(() => !processesOf(id).some(line => line.includes('sleep')) || undefined, 5000),
      `exec ${options}`,
    )
  }
  t.equal(JSON.parse(await ok(['state', id])).status, 'running', 'the container goes on')
})
