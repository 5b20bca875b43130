// Family E against the OCI runtime: devices, as rules of the group and as nodes that lie about.
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { CAPABILITIES, type Json, MOUNTS } from '../oci/helpers/config.ts'
import { type Oci, ociTests } from '../oci/helpers/oci-test.ts'
import { type Scene, sceneOf } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)

/** What an attacker would want, as `mknod` takes it; whether there is a driver behind it makes no difference to the rules. */
const WANTED = [
  'c 1 1',
  'c 1 2',
  'c 1 4',
  'c 1 11',
  'b 7 0',
  'b 8 0',
  'b 254 0',
  'c 10 229',
  'c 10 200',
  'c 10 232',
  'c 4 1',
]
/** What every container has. */
const USUAL = ['null', 'zero', 'full', 'random', 'urandom']

const capable = (...more: readonly string[]): Json => {
  const all = [...CAPABILITIES, ...more]
  return { bounding: all, effective: all, permitted: all }
}

/** Makes each node and opens it for reading and writing: EPERM of the open is the refusal of the group. */
const LOOK = `
n=0
for d in ${WANTED.map(words => `"${words}"`).join(' ')}; do
  n=$((n + 1))
  echo "$d: $(/bin/probe mknod /made$n $d) $(/bin/probe open /made$n r) $(/bin/probe open /made$n w)"
  rm -f /made$n
done
for d in ${USUAL.join(' ')}; do echo "$d: $(/bin/probe open /dev/$d rw)"; done
echo "tty: $(/bin/probe open /dev/tty rw)"
echo "ptmx: $(/bin/probe open /dev/ptmx rw)"`

interface Seen {
  readonly init: string
  readonly exec: string
}

const look = async ({ ok }: Oci, scene: Scene, capabilities: Json, linux: Json): Promise<Seen> => {
  const args = ['/bin/sh', '-c', LOOK]
  const made = await scene.run({ process: { args, capabilities }, linux })
  const id = await scene.start({ process: { capabilities }, linux })
  return { init: made.stdout, exec: await ok(['exec', id, ...args]) }
}

await test('E3: whatever the rules are a list of, it begins with nothing', {}, async oci => {
  const { t } = oci
  const scene = sceneOf(oci)
  const fuse = { allow: true, type: 'c', major: 10, minor: 229, access: 'rw' }
  for (const [what, resources, allowed] of [
    ['no resources', undefined, []],
    ['no rules', { devices: [] }, []],
    ['one that allows', { devices: [fuse] }, ['c 10 229']],
    ['a denial and one that allows', { devices: [{ allow: false, access: 'rwm' }, fuse] }, ['c 10 229']],
    ['one that denies', { devices: [{ allow: false, type: 'c', major: 1, minor: 1, access: 'rwm' }] }, []],
  ] as const) {
    const seen = await look(oci, scene, capable('CAP_MKNOD', 'CAP_SYS_ADMIN', 'CAP_SYS_RAWIO'), { resources })
    for (const [who, text] of Object.entries(seen)) {
      const lines = text.trim().split('\n')
      t.equal(lines.length, WANTED.length + USUAL.length + 2, text)
      const open = WANTED.filter(
        (words, i) => !lines[i]?.endsWith('open: errno=1 open: errno=1') && lines[i]?.startsWith(words),
      )
      t.same(open, allowed, `${what}, ${who}: of the others none can be opened`)
      for (const name of USUAL) t.ok(lines.includes(`${name}: open: ok`), `${name} works`)
      t.match(text, /^tty: open: errno=6$/m, 'so does tty, for who has one')
      t.match(text, /^ptmx: open: ok$/m)
    }
  }
  const all = await look(oci, scene, capable('CAP_MKNOD', 'CAP_SYS_ADMIN', 'CAP_SYS_RAWIO'), {
    resources: { devices: [{ allow: true, access: 'rwm' }] },
  })
  t.match(all.init, /^c 1 1: mknod: ok open: (ok|errno=(?!1$)\d+) /m, 'with a rule for everything it can')
})

await test('E4, L13: with the usual rights no node is made, and none that lies about can be used', {}, async oci => {
  const { t } = oci
  const scene = sceneOf(oci)
  const { rootfs } = scene
  const volume = join(oci.dir, 'volume')
  mkdirSync(volume)
  for (const place of [rootfs, volume]) execFileSync('mknod', [join(place, 'disk'), 'b', '7', '0'])
  const seen = await look(oci, scene, capable(), {})
  for (const text of Object.values(seen))
    t.equal(text.match(/: mknod: errno=1 /g)?.length, WANTED.length, 'no node can be made')
  const mounts = [...MOUNTS, { destination: '/v', type: 'bind', source: volume, options: ['rbind', 'nodev'] }]
  const open = async (capabilities: Json, resources: Json) => {
    const args = ['/bin/sh', '-c', 'probe open /disk r; probe open /v/disk r; ls /dev']
    return (await scene.run({ process: { args, capabilities }, mounts, linux: { resources } })).stdout.split(
      '\n',
    )
  }
  const [inRoot, inVolume, ...names] = await open(capable('CAP_SYS_ADMIN'), {})
  t.same(
    [inRoot, inVolume],
    ['open: errno=1', 'open: errno=13'],
    'the group refuses it, and the volume has no devices',
  )
  t.same(
    names.filter(Boolean).sort(),
    ['fd', 'full', 'null', 'ptmx', 'pts', 'random', 'stderr', 'stdin', 'stdout', 'tty', 'urandom', 'zero'],
    'and /dev has nothing else',
  )
  const [weak] = await open(capable(), {
    devices: [{ allow: true, type: 'b', major: 7, minor: 0, access: 'r' }],
  })
  t.notMatch(weak, /errno=(1|13)$/, 'where it is allowed it can be opened')
})

await test('E13: a device whose name leads elsewhere is refused, or made inside', {}, async oci => {
  const { t } = oci
  const scene = sceneOf(oci)
  const device = (path: unknown) => ({ path, type: 'c', major: 1, minor: 3 })
  for (const path of ['', 'dev/x', 'x', '/', '/dev', '/dev/', '/dev/..', '/dev/x\0y', 7]) {
    const { status, stdout, stderr } = await scene.run({
      process: { args: ['/bin/probe', 'echo', 'ran'] },
      linux: { devices: [device(path)] },
    })
    t.match(
      { status, stdout, stderr },
      { status: 1, stdout: '', stderr: /linux\.devices/ },
      JSON.stringify(path),
    )
  }
  const climbs = ['/dev/../../../../../../inside', `/dev/../../..${scene.bird}/node`, '/dev/a/../b']
  const made = await scene.run({
    process: { args: ['/bin/probe', 'stat', '/inside', `${scene.bird}/node`, '/dev/b'] },
    linux: { devices: climbs.map(device) },
  })
  t.equal(made.stdout.match(/type=c .* rdev=1:3 /g)?.length ?? 0, made.status === 0 ? 3 : 0, made.stderr)
  t.same(scene.changes(), [], 'nothing outside')
})
