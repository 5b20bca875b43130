// Family B against the OCI runtime: mount targets and a /dev that move while a container starts.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { swap } from '../helpers/attack.ts'
import { canaryState } from '../helpers/canary.ts'
import { type Json, MOUNTS, PROC } from '../oci/helpers/config.ts'
import { ociTests } from '../oci/helpers/oci-test.ts'
import { bind, race } from './helpers/race.ts'
import { program, sceneOf } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)
const hostMounts = () => readFileSync('/proc/self/mountinfo', 'utf8').split('\n').sort()
const tmpfs = (destination: string): Json => ({ destination, type: 'tmpfs', source: 'tmpfs' })

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
