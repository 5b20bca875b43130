// Family A against the OCI runtime: descriptors that come along, and working directories that lead out.
import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { inParallel } from '../helpers/boxes.ts'
import { climbs } from '../helpers/hostmark.ts'
import { probe } from '../helpers/rootfs.ts'
import { type Oci, ociTests } from '../oci/helpers/oci-test.ts'
import { runVerb } from '../oci/helpers/verb.ts'
import { isDebians, onEngine } from './helpers/engine.ts'
import { program, sceneOf } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)

/** What a careless caller leaves open on the host's root: from 3 on. */
const LEAKS = 40
/** Where the runtime keeps its own while it sets up, and those the caller leaves. */
const LIKELY = [3, 4, 5, 6, 7, 9, 12, 32, 35, 36, 44, 48, 541, 543]

const leaking = async <T>(body: (fds: readonly number[]) => Promise<T>): Promise<T> => {
  const fd = openSync('/', 'r')
  try {
    return await body(Array.from({ length: LEAKS }, () => fd))
  } finally {
    closeSync(fd)
  }
}

const numbers = (text: string) => [...text.matchAll(/^(\d+) -> /gm)].map(([, fd]) => Number(fd))

/** The same look by a program that nothing stands in front of. */
const bare = ({ dir }: Oci, fds: readonly number[]) =>
  runVerb([], { outputs: join(dir, 'bare'), fds, before: [probe(), 'fds'] })

const held = (pid: number): readonly string[] =>
  readdirSync(`/proc/${pid}/fd`).map(fd => readlinkSync(`/proc/${pid}/fd/${fd}`))

await test('A4: a working directory below /proc/self/fd leads nowhere', {}, async oci => {
  const { t } = oci
  const { run, mark } = sceneOf(oci)
  const [absolute = '', climbing = ''] = climbs(mark)
  const args = ['/bin/probe', 'hostmark', climbing]
  const where = [
    ...LIKELY.map(fd => `/proc/self/fd/${fd}`),
    ...[3, 4, 32, 63].flatMap(fd => [`/proc/1/fd/${fd}`, `/proc/self/fd/${fd}/../../..`]),
  ]
  await leaking(async fds => {
    const seen = await inParallel(where, cwd => run({ process: { args, cwd } }, { fds }))
    t.same(
      seen.filter(({ stdout }) => stdout.includes('visible')),
      [],
      'the mark of the host is never seen',
    )
    const wrong = seen.flatMap(({ status, stderr }, i) =>
      status === 1 && /process\.cwd/.test(stderr) ? [] : [{ cwd: where[i], status, stderr }],
    )
    t.same(wrong, [], 'each is an error that names the field')
    const from = await run(program('/bin/probe', 'hostmark', absolute), { fds })
    t.match(from.stdout, /hostmark: errno=2/, 'from a proper directory the mark is not there either')
  })
})

await test('A4: the same working directory on crun shows the host', {}, async oci => {
  const scene = sceneOf(oci)
  const [, climbing = ''] = climbs(scene.mark)
  const bundle = scene.bundle({
    process: { args: ['/bin/probe', 'hostmark', climbing], cwd: '/proc/self/fd/3' },
  })
  const seen = await onEngine('crun', {
    dir: oci.dir,
    bundle,
    script: 'exec 3</; engine run --bundle "$BUNDLE" $ID',
  })
  if (seen === undefined || !isDebians('crun'))
    return oci.t.comment('crun 1.8.1 is not installed: no control')
  oci.t.match(seen.stdout, /visible/, seen.stderr)
})

await test('A5: a link below /proc/self/fd, planted for exec --cwd, leads nowhere', {}, async oci => {
  const { t, tsbox } = oci
  const { plant, start, mark, run } = sceneOf(oci)
  const [, climbing = ''] = climbs(mark)
  for (const fd of LIKELY) plant(`lnk${fd}`, `/proc/self/fd/${fd}`)
  await leaking(async fds => {
    const id = await start()
    const ways = LIKELY.map((fd, i) => (i % 3 === 2 ? `/proc/self/fd/${fd}` : `/lnk${fd}`))
    const seen = await inParallel(ways, cwd =>
      tsbox(['exec', '--cwd', cwd, id, '/bin/probe', 'hostmark', climbing], { fds }),
    )
    t.same(
      seen.filter(({ stdout, status }) => status !== 1 || stdout !== ''),
      [],
      'each is refused, and the mark never seen',
    )
    t.match(seen[0]?.stderr, /process\.cwd/)
    const made = await run({ process: { args: ['/bin/true'], cwd: '/lnk3' } }, { fds })
    t.match(made, { status: 1, stderr: /process\.cwd/ }, 'for a new container too')
    const proper = await tsbox(['exec', '--cwd', '/bin', id, '/bin/probe', 'cwd'], { fds })
    t.match(proper, { status: 0, stdout: '/bin\n' }, 'a directory of the container is taken')
  })
})

await test('A6: a program cannot be named through a descriptor of the set-up', {}, async oci => {
  const { t, tsbox } = oci
  const { run, start } = sceneOf(oci)
  const words = LIKELY.map((fd, i) => `/proc/self/fd/${fd}${i % 4 === 0 ? '' : probe()}`)
  await leaking(async fds => {
    const id = await start()
    const made = await inParallel(words, word => run(program(word, 'echo', 'ran'), { fds }))
    const few = words.filter((_, i) => i % 2 === 0)
    const joined = await inParallel(few, word => tsbox(['exec', id, word, 'echo', 'ran'], { fds }))
    for (const [what, seen] of [
      ['run', made],
      ['exec', joined],
    ] as const) {
      t.same(
        seen.filter(({ stdout, status }) => stdout !== '' || status === 0),
        [],
        `${what}: nothing of the host runs`,
      )
      t.match(seen[0]?.stderr, /no such file|permission denied/)
    }
  })
})

await test('A7, M5: of what the caller has open only what is preserved arrives', {}, async oci => {
  const { t, tsbox, ok } = oci
  const { run, start, bundle } = sceneOf(oci)
  const args = ['/bin/probe', 'fds']
  await leaking(async fds => {
    t.same(numbers((await run({ process: { args } }, { fds })).stdout), [0, 1, 2], 'run')
    const id = await start({}, { fds })
    t.same(numbers(await ok(['exec', id, ...args], { fds })), [0, 1, 2], 'exec')
    t.same(numbers(await ok(['exec', id, ...args])), [0, 1, 2], 'exec by a caller that has nothing open')
    const made = bundle({ process: { args } })
    const kept = await tsbox(['run', '--preserve-fds', '2', '--bundle', made.dir, made.id], { fds })
    t.same(numbers(kept.stdout), [0, 1, 2, 3, 4], 'run --preserve-fds 2: exactly two')
    const joined = await ok(['exec', '--preserve-fds', '2', id, ...args], { fds })
    t.same(numbers(joined), [0, 1, 2, 3, 4], 'exec --preserve-fds 2: exactly two')
    t.same(
      numbers((await bare(oci, fds)).stdout).filter(fd => fd > 2 && fd < 3 + LEAKS).length,
      LEAKS,
      'without a container all of them arrive',
    )
  })
})

await test('A8: a container that waits to be started holds no directory, file or program', {}, async oci => {
  const { t, create, dir } = oci
  await leaking(async fds => {
    const container = await create({}, [], { fds, outputs: join(dir, 'waiting') })
    const pid = await container.pid()
    const waiting = held(pid).filter(target => !/^(socket|pipe):\[\d+\]$/.test(target))
    t.same(
      waiting.sort(),
      ['/dev/null', join(dir, 'waiting.err'), join(dir, 'waiting.out')],
      'what waits has its standard streams, and sockets',
    )
    t.equal(readlinkSync(`/proc/${pid}/cwd`), '/', 'it stands in its own root')
    await container.start()
    t.equal(held(pid).length, 3, 'the program has three descriptors')
    const joined = await oci.ok(['exec', '--pid-file', join(dir, 'pid'), container.id, '/bin/probe', 'fds'], {
      fds,
    })
    t.same(numbers(joined), [0, 1, 2])
  })
})

await test('A7: a directory of the host as a standard stream is refused', {}, async oci => {
  const { t } = oci
  const { bundle, mark } = sceneOf(oci)
  const { id, dir } = bundle(program('/bin/probe', 'hostmark', `/proc/self/fd/0/${mark.slice(1)}`))
  const script = ['sh', '-c', 'exec "$@" </', 'sh']
  t.match(await oci.tsbox(['run', '--bundle', dir, id], { before: script }), { status: 1, stdout: '' })
})
