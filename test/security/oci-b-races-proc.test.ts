// Families B and C against the OCI runtime: a /proc that moves while a container starts.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { procDecoys } from '../helpers/attack.ts'
import { ociTests } from '../oci/helpers/oci-test.ts'
import { race } from './helpers/race.ts'
import { program, sceneOf } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)

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
  for (const [what, decoy] of procDecoys(rootfs)) {
    decoy()
    const { outputs } = await race(oci, scene, [join(rootfs, 'proc'), join(rootfs, 'decoy')], () => wanted)
    t.ok(outputs.length > 0, `some start against ${what}`)
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
