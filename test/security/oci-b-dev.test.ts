// Family B against the OCI runtime: a hostile /dev, with and without a mount over it.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { probe } from '../helpers/rootfs.ts'
import { type Json, MOUNTS, PROC } from '../oci/helpers/config.ts'
import { ociTests } from '../oci/helpers/oci-test.ts'
import { isDebians, onEngine } from './helpers/engine.ts'
import { program, type Scene, sceneOf } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)
const TRUE = program('/bin/probe', 'true')
const RUN = 'engine run --bundle "$BUNDLE" $ID </dev/null'

/** What waits at the socket of a console. */
const consoleProgram = (): string => join(dirname(probe()), 'console_probe')

/** A bind of a directory of the host, where the container's own file system would be. */
const bound = (destination: string, source: string): Json => ({
  destination,
  type: 'bind',
  source,
  options: ['rbind'],
})

await test('B7, B8: a root whose /dev is a link changes nothing outside', {}, async oci => {
  const { t, tsbox, ok } = oci
  const { ways, plant, run, bundle, changes, bird } = sceneOf(oci)
  for (const target of ways) {
    for (const root of [{ readonly: false }, { readonly: true }]) {
      plant('dev', target)
      const { status, stderr } = await run({ ...TRUE, mounts: [PROC], root })
      t.equal(status, 1, `run, /dev → ${target.replace(oci.dir, 'DIR')}: refused`)
      t.match(stderr, /\/dev/)
    }
    const made = bundle({ ...TRUE, mounts: [PROC], linux: { devices: [{ path: '/dev/x', type: 'p' }] } })
    t.equal((await tsbox(['create', '--bundle', made.dir, made.id])).status, 1, 'create: refused')
    await ok(['delete', '--force', made.id])
  }
  t.same(changes(), [], 'the canary is clean: its ptmx is there, and no node or link is new')
  rmSync(join(bird, '..', '..', 'rootfs', 'dev'))
  t.equal((await run({ ...TRUE, mounts: [PROC] })).status, 0, 'without the link a /dev is made')
})

for (const engine of ['runc', 'crun'] as const) {
  await test(`B7, B8: the same root on ${engine} changes the canary`, {}, async oci => {
    const scene = sceneOf(oci)
    scene.plant('dev', scene.bird)
    const bundle = scene.bundle({ ...TRUE, mounts: [PROC] })
    const seen = await onEngine(engine, { dir: oci.dir, bundle, script: RUN })
    if (seen === undefined || !isDebians(engine))
      return oci.t.comment(`no ${engine} of Debian 12: no control`)
    oci.t.comment(`${scene.changes().length} entries of the canary changed`)
    oci.t.ok(scene.changes().length > 0, seen.stderr)
  })
}

await test('B9: a link at /dev/console is not followed when there is a terminal', {}, async oci => {
  const { t } = oci
  const { rootfs, bird, plant, run, changes } = sceneOf(oci)
  mkdirSync(join(rootfs, 'dev', 'pts'), { recursive: true })
  const pts = MOUNTS.filter(({ destination }) => destination === '/dev/pts')
  for (const target of ['new', 'file', 'console']) {
    for (const readonly of [false, true]) {
      plant('dev/console', join(bird, target))
      const { status, stdout, stderr } = await run({
        process: { args: ['/bin/probe', 'stat', '/dev/console'], terminal: true },
        root: { readonly },
        mounts: [PROC, ...pts],
      })
      const console = /type=c mode=06\d\d uid=0 gid=\d+ rdev=(136:|5:1)/.test(stdout)
      t.ok(status === 1 || console, `→ ${target}, readonly ${readonly}: ${stdout}${stderr}`)
    }
  }
  t.same(changes(), [], 'no file is made and none is changed')
  rmSync(join(rootfs, 'dev', 'console'))
  const proper = await run({
    process: { args: ['/bin/probe', 'stat', '/dev/console'], terminal: true },
    mounts: [PROC, ...pts],
  })
  t.match(proper.stdout, /type=c .* rdev=136:/, 'without the link it is the terminal')
})

await test('B9: on crun a file is made where the link of the console leads', {}, async oci => {
  const { t, dir } = oci
  const scene = sceneOf(oci)
  mkdirSync(join(scene.rootfs, 'dev', 'pts'), { recursive: true })
  scene.plant('dev/console', join(scene.bird, 'new'))
  const pts = MOUNTS.filter(({ destination }) => destination === '/dev/pts')
  const process = { args: ['/bin/probe', 'true'], terminal: true }
  const bundle = scene.bundle({ process, mounts: [PROC, ...pts] })
  const script = `
    ${consoleProgram()} "$DIR/socket" >"$DIR/listener" & listener=$!
    while ! [ -S "$DIR/socket" ]; do sleep 0.05; done
    engine create --console-socket "$DIR/socket" --bundle "$BUNDLE" $ID </dev/null
    kill $listener`
  const seen = await onEngine('crun', { dir, bundle, script })
  if (seen === undefined || !isDebians('crun')) return t.comment('no crun of Debian 12: no control')
  t.match(scene.changes().join('\n'), /^new /m, seen.stderr)
})

await test('B10, B12: links at /dev/null and the like are refused, and no owner changes', {}, async oci => {
  const { t } = oci
  const { rootfs, bird, plant, run, changes } = sceneOf(oci)
  const user = { uid: 1000, gid: 1000 }
  for (const [name, target] of Object.entries({ null: 'file', zero: 'new', full: 'null', tty: 'secret' })) {
    rmSync(join(rootfs, 'dev'), { recursive: true, force: true })
    plant(`dev/${name}`, join(bird, target))
    const { status, stderr } = await run({ process: { args: ['/bin/probe', 'true'], user }, mounts: [PROC] })
    t.match({ status, stderr }, { status: 1, stderr: new RegExp(`/?${name}`) }, `/dev/${name} → ${target}`)
  }
  for (const [name, target] of Object.entries({ ptmx: 'ptmx', fd: 'inner', stdin: 'file' })) {
    rmSync(join(rootfs, 'dev'), { recursive: true, force: true })
    plant(`dev/${name}`, join(bird, target))
    const { stdout } = await run({
      process: { args: ['/bin/sh', '-c', `stat -c %N /dev/${name}; stat -Lc "%t:%T" /dev/null`], user },
      mounts: [PROC],
    })
    t.match(stdout, /-> '(pts\/ptmx|\/proc\/self\/fd[^']*)'\n1:3\n/, `/dev/${name} is made anew`)
  }
  const file = join(rootfs, 'dev', 'null')
  rmSync(join(rootfs, 'dev'), { recursive: true, force: true })
  mkdirSync(join(rootfs, 'dev'))
  writeFileSync(file, 'no device')
  t.equal((await run({ ...TRUE, mounts: [PROC] })).status, 1, 'a file in the place of the device is refused')
  t.same(changes(), [], 'the canary is clean')
})

await test('E12: who a container runs as does not become the owner of the host’s devices', {}, async oci => {
  const { t } = oci
  const { run } = sceneOf(oci)
  const stat = () =>
    execFileSync('stat', ['-c', '%n %u:%g %a', '/dev/null', '/dev/zero', '/dev/tty']).toString()
  const before = stat()
  const user = { uid: 1000, gid: 1000 }
  const own = [{ containerID: 0, hostID: 100_000, size: 65_536 }]
  for (let i = 0; i < 5; i++) {
    t.equal((await run({ process: { args: ['/bin/probe', 'true'], user } })).status, 0)
    const namespaces = ['pid', 'mount', 'ipc', 'uts', 'network', 'cgroup', 'user'].map(type => ({ type }))
    const linux = { namespaces, uidMappings: own, gidMappings: own }
    const { status, stderr } = await run({ process: { args: ['/bin/probe', 'true'], user }, linux })
    t.equal(status, 0, stderr)
  }
  t.equal(stat(), before)
})

await test('E12, B10: on crun the host’s null device belongs to the container’s user afterwards', {}, async oci => {
  const { t, dir } = oci
  const scene = sceneOf(oci)
  const user = { uid: 1000, gid: 1000 }
  const bundle = scene.bundle({ process: { args: ['/bin/probe', 'true'], user }, mounts: [PROC] })
  scene.plant('dev/null', '/dev/zero')
  const script = `${RUN}; stat -c 'owner %u' /dev/null`
  const seen = await onEngine('crun', { dir, bundle, script })
  if (seen === undefined || !isDebians('crun')) return t.comment('no crun of Debian 12: no control')
  t.match(seen.stdout, /^owner 1000$/m, seen.stderr)
})

/** A directory of the attacker's at /dev, whose null is a plain file, and a file to be masked. */
const evilDev = (scene: Scene, dir: string): Json => {
  const dev = join(dir, 'dev-of-attacker')
  mkdirSync(join(dev, 'pts'), { recursive: true })
  writeFileSync(join(dev, 'marker'), 'marker')
  writeFileSync(join(scene.rootfs, 'victim'), 'victim')
  mkdirSync(join(scene.rootfs, 'marker-dir'))
  scene.plant('marker', '/dev/marker')
  execFileSync('ln', ['-s', '/dev/marker', join(dev, 'null')])
  return {
    ...program('/bin/probe', 'stat', '/victim'),
    mounts: [PROC, bound('/dev', dev)],
    linux: { maskedPaths: ['/victim'] },
  }
}

await test('B11: a mask is the null device of the host, whatever the container’s is', {}, async oci => {
  const { t } = oci
  const scene = sceneOf(oci)
  const wanted = evilDev(scene, oci.dir)
  t.match(await scene.run(wanted), { status: 0, stdout: /^\/victim type=c .* rdev=1:3 / })
  const { stdout } = await scene.run({ ...wanted, ...program('/bin/probe', 'cat', '/victim', '/dev/marker') })
  t.equal(stdout, 'marker', 'it reads as nothing, and the attacker’s file is there to be found')
  t.match(
    (await scene.run({ ...wanted, linux: { maskedPaths: undefined } })).stdout,
    /type=f/,
    'without a mask the file is seen',
  )
  t.equal(readFileSync(join(scene.rootfs, 'victim'), 'utf8'), 'victim')
})

await test('B11: on runc the mask is what the attacker’s link leads to', {}, async oci => {
  const scene = sceneOf(oci)
  const bundle = scene.bundle(evilDev(scene, oci.dir))
  const seen = await onEngine('runc', { dir: oci.dir, bundle, script: RUN })
  if (seen === undefined || !isDebians('runc')) return oci.t.comment('no runc of Debian 12: no control')
  oci.t.match(seen.stdout, /^\/victim type=f/, seen.stderr)
})

await test('B13, F3: a /dev/pts of the attacker’s gives no terminal, and nothing is opened there', {}, async oci => {
  const { t } = oci
  const scene = sceneOf(oci)
  const { run, changes, rootfs } = scene
  const pts = join(oci.dir, 'pts')
  const process = { args: ['/bin/probe', 'stat', '/dev/console'], terminal: true }
  const refused = async (what: string) => {
    const wanted = { process, mounts: [...MOUNTS.slice(0, 2), bound('/dev/pts', pts)] }
    const { status, stdout, stderr } = await run(wanted, { patience: 15_000 })
    t.match({ status, stdout, stderr }, { status: 1, stdout: '', stderr: /terminal|pts/ }, what)
  }
  const anew = () => {
    rmSync(pts, { recursive: true, force: true })
    mkdirSync(pts)
    for (let i = 0; i < 4; i++) execFileSync('ln', ['-s', '/marker', join(pts, `${i}`)])
  }
  writeFileSync(join(rootfs, 'marker'), 'marker')
  anew()
  await refused('nothing there')
  writeFileSync(join(pts, 'ptmx'), '')
  await refused('a file')
  anew()
  execFileSync('mkfifo', [join(pts, 'ptmx')])
  await refused('a FIFO')
  for (const target of ['/dev/ptmx', '/dev/pts/ptmx', '/proc/self/root/dev/ptmx']) {
    anew()
    execFileSync('ln', ['-s', target, join(pts, 'ptmx')])
    await refused(`a link to the host’s ${target}`)
  }
  anew()
  execFileSync('mknod', [join(pts, 'ptmx'), 'c', '5', '2'])
  await refused('a node with the numbers of ptmx')
  t.same(changes(), [])
  t.match((await run({ process })).stdout, /type=c .* rdev=136:/, 'with a devpts there is a terminal')
})
