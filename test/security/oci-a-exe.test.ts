// Family A against the OCI runtime: its programs as seen from inside, and who can be caught while joining.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { attack, raceStarts } from '../helpers/attack.ts'
import { command, outcomeOf } from '../helpers/command.ts'
import { eventually } from '../helpers/live-box.ts'
import { probe } from '../helpers/rootfs.ts'
import { CAPABILITIES, type Json, NAMESPACES } from '../oci/helpers/config.ts'
import { type Oci, ociTests } from '../oci/helpers/oci-test.ts'
import { outputsOf } from '../oci/helpers/verb.ts'
import { program, type Scene, sceneOf } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)
const WATCH = join(dirname(probe()), 'watch_probe')

/** Programs of the host that nobody but the attack could change: the installed ones may be replaced while we look. */
const install = (oci: Oci): readonly string[] => {
  const from = dirname(realpathSync(command()))
  const dir = join(oci.dir, 'lib')
  mkdirSync(dir)
  for (const name of readdirSync(from)) {
    if (name === 'node') linkSync(join(from, name), join(dir, name))
    else if (lstatSync(join(from, name)).isFile()) copyFileSync(join(from, name), join(dir, name))
  }
  symlinkSync('lib/tsbox-shim', join(oci.dir, 'tsbox'))
  return readdirSync(dir).map(name => join(dir, name))
}

const withCommand = async (path: string, body: () => Promise<void>): Promise<void> => {
  const { TSBOX } = process.env
  process.env.TSBOX = path
  try {
    await body()
  } finally {
    if (TSBOX === undefined) delete process.env.TSBOX
    else process.env.TSBOX = TSBOX
  }
}

const stateOf = (paths: readonly string[]) =>
  paths.map(path => {
    const { ino, mtimeNs } = lstatSync(path, { bigint: true })
    return `${path} ${ino} ${mtimeNs} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`
  })

const capable = (...more: readonly string[]): Json => {
  const all = [...CAPABILITIES, ...more]
  return { bounding: all, effective: all, permitted: all }
}

interface Watched {
  readonly id: string
  /** Ends it, and says what it got hold of. */
  readonly lines: () => Promise<readonly string[]>
}

/** A container whose program watches everybody who joins. */
const watcher = async (oci: Oci, scene: Scene, over: Json = {}): Promise<Watched> => {
  copyFileSync(WATCH, join(scene.rootfs, 'bin', 'watch_probe'))
  const outputs = join(oci.dir, `watch-${oci.id()}`)
  const process = { args: ['/bin/watch_probe', scene.mark], ...(over.process as Json | undefined) }
  const id = await scene.start({ ...over, process }, { outputs })
  const text = () => outputsOf(outputs).stdout
  const says = async (words: string) => {
    if ((await eventually(() => text().includes(words) || undefined)) === undefined)
      throw new Error(`it never says ${words}: ${text()}`)
  }
  await says('ready')
  const lines = async () => {
    await oci.ok(['kill', id, 'TERM'])
    await says('\nwatched ')
    return text().trim().split('\n')
  }
  return { id, lines }
}

await test('A1: neither a container nor who joins it can write to the programs that started it', {}, async oci => {
  const { t, tsbox } = oci
  const programs = install(oci)
  t.ok(programs.length >= 4, `watched: ${programs.map(path => path.replace(/.*\//, '')).join(' ')}`)
  await withCommand(join(oci.dir, 'tsbox'), async () => {
    const scene = sceneOf(oci)
    scene.plant('entry', '/proc/self/exe')
    writeFileSync(join(scene.rootfs, 'script'), '#!/proc/self/exe\n')
    chmodSync(join(scene.rootfs, 'script'), 0o755)
    const before = stateOf(programs)
    const process = { capabilities: capable('CAP_SYS_PTRACE'), env: ['PATH=/bin', 'LD_PRELOAD=/evil.so'] }
    const { id, lines } = await watcher(oci, scene, { process })
    for (const word of ['/entry', '/script', '/proc/self/exe']) {
      const made = await scene.run(program(word, 'true'))
      t.not(made.status, 0, `${word} as the program starts nothing of the host`)
      t.not((await tsbox(['exec', id, word, 'true'])).status, 0, `nor does exec ${word}`)
    }
    for (let i = 0; i < 5; i++) await tsbox(['exec', id, '/bin/probe', 'true'])
    const held = (await lines()).filter(line => line.startsWith('write '))
    t.ok(
      held.some(line => line.includes('memfd:tsbox-shim')),
      `it held the runtime's program: ${held}`,
    )
    t.same(
      held.filter(line => line.includes('tsbox') && line.endsWith(': ok')),
      [],
      'and could not write to it',
    )
    t.ok(held.includes('write /bin/probe: ok'), 'a program of its own it does overwrite')
    t.same(stateOf(programs), before, 'the programs on the host are what they were')
  })
})

await test('A2: who waits to be started runs from a sealed copy', {}, async oci => {
  const { t, create } = oci
  const container = await create()
  const exe = `/proc/${await container.pid()}/exe`
  t.match(readlinkSync(exe), /^\/memfd:tsbox-shim/)
  const seals = execFileSync(attack(), ['seals', exe]).toString()
  t.equal(Number(/0x[0-9a-f]+/.exec(seals)?.[0] ?? 0) & 0xf, 0xf, 'no write, growth, shrinking or unsealing')
  const file = execFileSync(attack(), ['seals', realpathSync(command())]).toString()
  t.match(file, /errno=22/, 'an ordinary file has no seals')
})

await test('A3: without CAP_SYS_PTRACE nothing of who joins can be looked at', {}, async oci => {
  const { t, ok } = oci
  const scene = sceneOf(oci)
  const { id, lines } = await watcher(oci, scene, {})
  const starts = await raceStarts(async () => void (await ok(['exec', id, '/bin/probe', 'true'])))
  const seen = await lines()
  t.comment(`${starts} execs: ${seen.join('; ')}`)
  t.same(
    seen.filter(line => /host|set-up|tsbox/.test(line)),
    [],
  )
  t.ok(seen.includes('program /bin/probe'), 'the programs were seen once they ran')
})

await test('A3: with CAP_SYS_PTRACE who joins has nothing of the host, and no right more than the container', {}, async oci => {
  const { t, ok } = oci
  const scene = sceneOf(oci)
  const { id, lines } = await watcher(oci, scene, { process: { capabilities: capable('CAP_SYS_PTRACE') } })
  const bounding = BigInt(`0x${/CapBnd:\s+(\w+)/.exec(await ok(['exec', id, '/bin/probe', 'caps']))?.[1]}`)
  const starts = await raceStarts(async () => void (await ok(['exec', id, '/bin/probe', 'true'])))
  const seen = await lines()
  t.comment(`${starts} execs: ${seen.join('; ')}`)
  t.same(
    seen.filter(line => /reached the host/.test(line)),
    [],
  )
  t.same(
    seen.filter(line => line.startsWith('descriptor') && !/: pipe:$/.test(line)),
    [],
    'only a pipe is open',
  )
  const rights = seen.flatMap(line => /^rights of the set-up: (\w+)$/.exec(line)?.[1] ?? [])
  t.ok(rights.length > 0, 'it was caught while it was set up')
  t.same(
    rights.filter(each => (BigInt(`0x${each}`) & ~bounding) !== 0n),
    [],
  )
})

await test('A3: who joins with a terminal has nothing of the host either', {}, async oci => {
  const { t, ok } = oci
  const scene = sceneOf(oci)
  const { id, lines } = await watcher(oci, scene, { process: { capabilities: capable('CAP_SYS_PTRACE') } })
  for (let i = 0; i < 10; i++) await ok(['exec', '-t', id, '/bin/probe', 'true'])
  const seen = await lines()
  t.comment(seen.join('; '))
  t.same(
    seen.filter(line => /reached the host/.test(line)),
    [],
  )
  const own =
    /^descriptor of the set-up: (pipe:|socket:|\/dev\/pts|\/dev\/pts\/ptmx|\/dev\/ptmx|\/pts\/.*)( \(a directory\))?$/
  t.same(
    seen.filter(line => line.startsWith('descriptor') && !own.test(line)),
    [],
  )
  const rights = seen.flatMap(line => /^rights of the set-up: (\w+)$/.exec(line)?.[1] ?? [])
  const strong = (1n << 21n) | (1n << 2n) | (1n << 16n) // SYS_ADMIN, DAC_READ_SEARCH, SYS_MODULE
  t.same(
    rights.filter(each => (BigInt(`0x${each}`) & strong) !== 0n),
    [],
  )
})

await test('A3: the same watcher reaches the host by a process that joins carelessly', {}, async oci => {
  const scene = sceneOf(oci)
  const { id, lines } = await watcher(oci, scene, { process: { capabilities: capable('CAP_SYS_PTRACE') } })
  const { pid } = JSON.parse(await oci.ok(['state', id]))
  for (let i = 0; i < 5; i++) await outcomeOf('nsenter', ['-t', `${pid}`, '-p', 'sleep', '0.1'])
  oci.t.match((await lines()).join('\n'), /reached the host/)
})

await test('A10: root of a user namespace who owns the program cannot write to it either', {}, async oci => {
  const { t, tsbox } = oci
  const programs = install(oci)
  await withCommand(join(oci.dir, 'tsbox'), async () => {
    const scene = sceneOf(oci)
    const before = stateOf(programs)
    const own = [{ containerID: 0, hostID: 0, size: 1 }]
    const linux = { namespaces: [...NAMESPACES, { type: 'user' }], uidMappings: own, gidMappings: own }
    const { id, lines } = await watcher(oci, scene, {
      linux,
      process: { capabilities: capable('CAP_SYS_PTRACE') },
    })
    for (let i = 0; i < 8; i++) await tsbox(['exec', id, '/bin/probe', 'true'])
    const seen = await lines()
    t.same(
      seen.filter(line => /host|set-up|tsbox/.test(line)),
      [],
      `its rights do not reach the set-up: ${seen}`,
    )
    t.ok(seen.includes('write /bin/probe: ok'), 'a program of its own it does overwrite')
    t.same(stateOf(programs), before)
  })
})
