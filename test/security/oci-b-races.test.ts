// Families B and C against the OCI runtime: names that change while a container starts. TSBOX_RACES=2000 runs each as long as the
// reference asks for.
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { raceStarts, swap } from '../helpers/attack.ts'
import { canaryState } from '../helpers/canary.ts'
import { type Json, MOUNTS, PROC } from '../oci/helpers/config.ts'
import { type Oci, ociTests } from '../oci/helpers/oci-test.ts'
import { program, type Scene, sceneOf } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)
const hostMounts = () => readFileSync('/proc/self/mountinfo', 'utf8').split('\n').sort()

const bind = (destination: string, source: string): Json => ({
  destination,
  type: 'bind',
  source,
  options: ['rbind'],
})
const tmpfs = (destination: string): Json => ({ destination, type: 'tmpfs', source: 'tmpfs' })

interface Race {
  readonly starts: number
  readonly outputs: readonly string[]
  readonly ends: string
}

/** Starts containers while two names are exchanged; the outputs are of those that ended well. */
const race = async (
  oci: Oci,
  scene: Scene,
  names: readonly [string, string],
  over: (i: number) => Json,
): Promise<Race> => {
  const stop = await swap(...names)
  const outputs: string[] = []
  const counts = new Map<string, number>()
  const starts = await raceStarts(async i => {
    const { stdout, status } = await scene.run(over(i))
    if (status === 0) outputs.push(stdout)
    counts.set(`${status}`, (counts.get(`${status}`) ?? 0) + 1)
  })
  await stop()
  const ends = [...counts].map(([status, n]) => `${status}: ${n}`).join(', ')
  oci.t.comment(`${starts} starts, by exit status: ${ends}`)
  return { starts, outputs, ends }
}

await test('B1: a mount target that becomes a link to / never leads out', {}, async oci => {
  const { t, dir } = oci
  const scene = sceneOf(oci)
  const shared = join(dir, 'shared')
  mkdirSync(join(shared, 'd'), { recursive: true })
  symlinkSync('/', join(shared, 'link'))
  const before = hostMounts()
  const { outputs } = await race(oci, scene, [join(shared, 'd'), join(shared, 'link')], i => ({
    ...program('/bin/probe', 'hostmark', `/v/d${scene.mark}`),
    mounts: [...MOUNTS, bind('/v', shared), tmpfs(`/v/d/x${i % 3}`)],
  }))
  t.ok(outputs.length > 0, 'some start')
  t.same(
    outputs.filter(text => text.includes('visible')),
    [],
    'no container sees the host',
  )
  t.same(hostMounts(), before, 'the mounts of the host are what they were')
  t.same(scene.changes(), [], 'the canary is clean')
})

await test('B6: a missing mount target below a name that moves is made inside, or not at all', {}, async oci => {
  const { t, dir } = oci
  const scene = sceneOf(oci)
  const { rootfs, bird, before } = scene
  mkdirSync(join(rootfs, 'a'))
  symlinkSync(bird, join(rootfs, 'evil'))
  mkdirSync(join(dir, 'volume'))
  writeFileSync(join(dir, 'one'), '')
  const names = [join(rootfs, 'a'), join(rootfs, 'evil')] as const
  await race(oci, scene, names, i => {
    const [source, what] = i % 2 ? ['one', 'file'] : ['volume', 'dir/below']
    return {
      process: { args: ['/bin/true'], cwd: `/a/cwd${i}` },
      mounts: [...MOUNTS, bind(`/a/${what}${i}`, join(dir, source))],
      linux: { devices: [{ path: `/a/dev${i}`, type: 'p' }] },
    }
  })
  t.same(scene.changes(), [], 'the canary is clean')

  // What checks a path first and uses it afterwards, as mkdir -p does, is led out at once.
  const stop = await swap(...names)
  let led = false
  for (let i = 0; i < 5000 && !led; i++) {
    try {
      mkdirSync(join(rootfs, 'a', `naive${i}`), { recursive: true })
    } catch {
      // the name was moving
    }
    led = canaryState(bird).length !== before.length
  }
  await stop()
  t.ok(led, 'the same attack reaches the canary through mkdir -p')
})

await test('B7, B10, B11: a /dev that moves is put together inside, and masks are the null device', {}, async oci => {
  const { t } = oci
  const scene = sceneOf(oci)
  const { rootfs, bird } = scene
  mkdirSync(join(rootfs, 'dev'))
  symlinkSync(bird, join(rootfs, 'decoy'))
  writeFileSync(join(rootfs, 'victim'), 'victim')
  const { outputs } = await race(oci, scene, [join(rootfs, 'dev'), join(rootfs, 'decoy')], () => ({
    ...program('/bin/probe', 'stat', '/victim', '/proc/version'),
    mounts: [PROC],
    linux: { maskedPaths: ['/victim', '/proc/version'] },
  }))
  t.ok(outputs.length > 0, 'some start')
  const lines = outputs.flatMap(text => text.trim().split('\n'))
  t.same(
    lines.filter(line => !/type=c .*rdev=1:3 /.test(line)),
    [],
    'every mask is the null device',
  )
  t.same(scene.changes(), [], 'the canary is clean')
})

await test('B11: a null of a shared /dev that moves does not become a mask', {}, async oci => {
  const { t, dir } = oci
  const scene = sceneOf(oci)
  const dev = join(dir, 'dev')
  mkdirSync(join(dev, 'pts'), { recursive: true })
  writeFileSync(join(dev, 'null'), 'not the device')
  symlinkSync('/proc/self/environ', join(dev, 'decoy'))
  writeFileSync(join(scene.rootfs, 'victim'), 'victim')
  const { outputs } = await race(oci, scene, [join(dev, 'null'), join(dev, 'decoy')], () => ({
    ...program('/bin/probe', 'stat', '/victim'),
    mounts: [PROC, bind('/dev', dev)],
    linux: { maskedPaths: ['/victim'] },
  }))
  t.ok(outputs.length > 0, 'some start')
  t.same(
    outputs.filter(text => !/type=c .*rdev=1:3 /.test(text)),
    [],
  )
})

await test('B13: names in a shared /dev/pts that move never become the console', {}, async oci => {
  const { t, dir } = oci
  const scene = sceneOf(oci)
  const pts = join(dir, 'pts')
  mkdirSync(pts)
  for (let i = 0; i < 3; i++) symlinkSync('/marker', join(pts, `${i}`))
  symlinkSync('/dev/ptmx', join(pts, 'ptmx'))
  writeFileSync(join(pts, 'other'), '')
  writeFileSync(join(scene.rootfs, 'marker'), 'marker')
  const { outputs, starts } = await race(oci, scene, [join(pts, 'ptmx'), join(pts, 'other')], () => ({
    process: { args: ['/bin/probe', 'stat', '/dev/console'], terminal: true },
    mounts: [...MOUNTS.slice(0, 2), bind('/dev/pts', pts)],
  }))
  t.ok(starts > 0)
  t.same(
    outputs.filter(text => !/type=c .*rdev=(136:|5:1)/.test(text)),
    [],
    'there is no console, or it is a terminal',
  )
})

/** What lies over the container's own procfs, wherever it is, by name. */
const overProc = (mountinfo: string) => {
  const lines = mountinfo.split('\n').map(line => line.split(' '))
  const proc = lines.filter(fields => fields[3] === '/' && fields[fields.indexOf('-') + 1] === 'proc')
  return lines
    .filter(([, parent]) => proc.some(([id]) => id === parent))
    .map(fields => `${fields[4]?.replace(/.*\//, '')} ${fields[5]?.split(',')[0]}`)
    .sort()
}

const MASKED = ['/proc/version', '/proc/uptime', '/proc/loadavg', '/proc/fs']
const READONLY = ['/proc/sys', '/proc/irq', '/proc/bus']

await test('B14: a /proc that moves while it is covered is covered whole, or nothing starts', {}, async oci => {
  const { t } = oci
  const scene = sceneOf(oci)
  const { rootfs } = scene
  // Its /proc may have moved when it looks: it looks again.
  const look = 'while :; do t=$(probe mountinfo); case "$t" in *" - proc "*) echo "$t"; exit;; esac; done'
  const wanted = {
    ...program('/bin/sh', '-c', look),
    linux: { maskedPaths: MASKED, readonlyPaths: READONLY },
  }
  const masks = overProc((await scene.run(wanted)).stdout)
  t.ok(masks.length >= 5, `in peace there are ${masks.length} covers`)
  const bare = await scene.run({ ...wanted, linux: {} })
  t.same(overProc(bare.stdout), [], 'there are none that nobody asked for')
  for (const [what, decoy] of [
    ['a link', () => symlinkSync('/empty', join(rootfs, 'decoy'))],
    ['a directory', () => mkdirSync(join(rootfs, 'decoy'))],
  ] as const) {
    for (const path of ['proc', 'decoy', 'empty'])
      rmSync(join(rootfs, path), { recursive: true, force: true })
    for (const path of ['proc', 'empty']) mkdirSync(join(rootfs, path))
    decoy()
    const { outputs } = await race(oci, scene, [join(rootfs, 'proc'), join(rootfs, 'decoy')], () => wanted)
    t.same(
      outputs.filter(text => JSON.stringify(overProc(text)) !== JSON.stringify(masks)).map(overProc),
      [],
      `${what} in the place of /proc leaves nothing uncovered`,
    )
  }
})

await test('C1: a parameter is set in the container’s namespace every time, whatever moves at /proc', {}, async oci => {
  const { t } = oci
  const scene = sceneOf(oci)
  const { rootfs } = scene
  mkdirSync(join(rootfs, 'proc', 'sys', 'net', 'ipv4'), { recursive: true })
  writeFileSync(join(rootfs, 'proc', 'sys', 'net', 'ipv4', 'ip_unprivileged_port_start'), 'fake')
  mkdirSync(join(rootfs, 'decoy'))
  const host = [
    'kernel/core_pattern',
    'kernel/hostname',
    'net/ipv4/ip_unprivileged_port_start',
    'vm/overcommit_memory',
  ]
  const valuesOf = () => host.map(name => readFileSync(`/proc/sys/${name}`, 'utf8'))
  const before = valuesOf()
  const { outputs } = await race(oci, scene, [join(rootfs, 'proc'), join(rootfs, 'decoy')], () => ({
    // It looks at a proc that it mounts itself, where nothing moves.
    process: {
      args: [
        '/bin/sh',
        '-c',
        'mkdir -p /m; mount -t proc p /m && cat /m/sys/net/ipv4/ip_unprivileged_port_start',
      ],
      capabilities: {
        bounding: ['CAP_SYS_ADMIN'],
        effective: ['CAP_SYS_ADMIN'],
        permitted: ['CAP_SYS_ADMIN'],
      },
    },
    linux: { sysctl: { 'net.ipv4.ip_unprivileged_port_start': '77' } },
  }))
  t.ok(outputs.length > 0, 'some start')
  t.same(
    outputs.filter(text => text !== '77\n'),
    [],
  )
  t.same(valuesOf(), before, 'the host’s are what they were')
})
