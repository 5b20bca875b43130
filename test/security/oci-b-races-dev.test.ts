// Family B against the OCI runtime: devices and terminals whose names move while a container starts.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MOUNTS, PROC } from '../oci/helpers/config.ts'
import { ociTests } from '../oci/helpers/oci-test.ts'
import { bind, race } from './helpers/race.ts'
import { program, sceneOf } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)

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

await test('B9, B13: a /dev/console that moves is a terminal, or there is no container', {}, async oci => {
  const { t } = oci
  const scene = sceneOf(oci)
  const { rootfs, bird } = scene
  mkdirSync(join(rootfs, 'dev', 'pts'), { recursive: true })
  writeFileSync(join(rootfs, 'dev', 'console'), '')
  symlinkSync(join(bird, 'file'), join(rootfs, 'dev', 'decoy'))
  const pts = MOUNTS.filter(({ destination }) => destination === '/dev/pts')
  const names = [join(rootfs, 'dev', 'console'), join(rootfs, 'dev', 'decoy')] as const
  // What lies there may have moved when the program looks: it looks at what is mounted.
  const { outputs } = await race(oci, scene, [...names], () => ({
    process: { args: ['/bin/probe', 'mountinfo'], terminal: true },
    mounts: [PROC, ...pts],
  }))
  t.ok(outputs.length > 0, 'some start')
  t.same(
    outputs.filter(text => !/ \/\d+ \/dev\/(console|decoy) .* - devpts /.test(text)),
    [],
    'a terminal of the container’s own devpts lies there',
  )
  t.same(scene.changes(), [], 'the canary is clean')
})
