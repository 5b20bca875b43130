// Family E against the OCI runtime: where its groups lie, whom they hold, and what of them can be written.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DEFAULT_CAPABILITIES, defaultSeccomp } from '@tsbox/spec'
import { inParallel } from '../helpers/boxes.ts'
import { HOST, versionOf } from '../helpers/groups.ts'
import { eventually } from '../helpers/live-box.ts'
import { CAPABILITIES, type Json, MOUNTS } from '../oci/helpers/config.ts'
import { type Oci, ociTests } from '../oci/helpers/oci-test.ts'
import { groupsOf, processesOf } from '../oci/helpers/residue.ts'
import { outputsOf } from '../oci/helpers/verb.ts'
import { program, sceneOf } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)
const ECHO = program('/bin/probe', 'echo', 'ran')
/** Where processes are counted, and where a group can be frozen. */
const pidsMount = HOST.v1.pids ?? HOST.unified?.mount ?? ''
const freezers = [HOST.v1.freezer, HOST.unified?.mount].filter(mount => mount !== undefined)

const read = (path: string) => readFileSync(path, 'utf8').trim()
const freeze = (group: string, on: boolean) => {
  const v1 = join(group, 'freezer.state')
  if (existsSync(v1)) writeFileSync(v1, on ? 'FROZEN' : 'THAWED')
  else writeFileSync(join(group, 'cgroup.freeze'), on ? '1' : '0')
}

/** A group of the host's beside those of containers, with a process in it. */
const withVictim = async ({ marker }: Oci, body: (name: string, group: string) => Promise<void>) => {
  const group = join(pidsMount, `${marker}-victim`)
  mkdirSync(group, { recursive: true })
  const child = spawn('sleep', ['100'], { stdio: 'ignore' })
  try {
    writeFileSync(join(group, 'cgroup.procs'), `${child.pid}`)
    await body(`${marker}-victim`, group)
    if (child.exitCode !== null || read(join(group, 'cgroup.procs')) !== `${child.pid}`)
      throw new Error('the victim was touched')
  } finally {
    child.kill('SIGKILL')
    await eventually(() => read(join(group, 'cgroup.procs')) === '' || undefined)
    rmdirSync(group)
  }
}

await test('E5: a cgroup’s path, of a container or of who joins, cannot leave the tree', {}, async oci => {
  const { t, tsbox } = oci
  const { run, start } = sceneOf(oci)
  await withVictim(oci, async (name, group) => {
    const before = groupsOf(oci.marker)
    const paths = [
      ...['../x', 'a/../../x', './../x', '/../x', '/a/../b', '..', '.', '/', '/.', '/./a', '/a\nb', 'a\0b'],
      ...[
        `../${name}`,
        `/x/../${name}`,
        `/${name}`,
        `/${name}/../${name}`,
        `/${'x'.repeat(300)}`,
        `/${'x/'.repeat(2500)}x`,
      ],
    ]
    const seen = await inParallel(paths, cgroupsPath => run({ ...ECHO, linux: { cgroupsPath } }))
    t.same(
      seen.flatMap(({ status, stdout, stderr }, i) =>
        status === 1 && stdout === '' && stderr.includes('ERR_TSBOX') ? [] : [[paths[i], stderr]],
      ),
      [],
      'each is refused',
    )
    t.same(groupsOf(oci.marker), before, 'and nothing was made')
    t.equal(read(join(group, 'cgroup.procs')).split('\n').length, 1)

    const id = await start()
    const inside = [
      `../../${name}`,
      `/../../${name}`,
      `a/../../victim`,
      '..',
      '/..',
      name,
      `/${name}`,
      'missing',
      '.',
      '\n',
    ]
    const joined = await inParallel(inside, cgroup =>
      tsbox(['exec', '--cgroup', cgroup, id, '/bin/probe', 'echo', 'ran']),
    )
    t.same(
      joined.flatMap(({ status, stdout, stderr }, i) =>
        status === 1 && stdout === '' && stderr.includes('ERR_TSBOX') ? [] : [[inside[i], stderr]],
      ),
      [],
      'exec --cgroup: each is refused',
    )
    for (const own of ['..', 'a/b', '', '-x'])
      t.match(
        await tsbox(['exec', `--own-cgroup=${own}`, id, '/bin/true']),
        { status: 1 },
        JSON.stringify(own),
      )
    t.match(await tsbox(['exec', '--cgroup', '/', id, '/bin/probe', 'echo', 'ran']), {
      status: 0,
      stdout: 'ran\n',
    })
  })
})

await test('E6, E9: init and who joins are in the same group, and held by its limits', {}, async oci => {
  const { t, ok, tsbox } = oci
  const { run, start } = sceneOf(oci)
  const resources = { pids: { limit: 32 }, memory: { limit: 64 << 20 } }
  const linux = { resources }
  const id = await start({ linux })
  const { pid } = JSON.parse(await ok(['state', id]))
  const init = read(`/proc/${pid}/cgroup`)
  const file = join(oci.dir, 'pid')
  await ok(['exec', '-d', '--pid-file', file, id, '/bin/probe', 'pause'])
  t.equal(read(`/proc/${read(file)}/cgroup`), init, 'who joins is where init is')
  t.ok(
    init.split('\n').every(line => line.includes(oci.marker)),
    init,
  )
  const forks = async (text: Promise<string>) => Number(/forked (\d+) errno=11/.exec(await text)?.[1])
  const fork = ['/bin/probe', 'fork', '100']
  t.equal(await forks(run({ process: { args: fork }, linux }).then(({ stdout }) => stdout)), 31)
  t.equal(await forks(ok(['exec', id, ...fork])), 29, 'init and the other count too')
  if (versionOf('memory') === undefined) return t.comment('no memory controller here')
  const alloc = (bytes: number) => ['/bin/probe', 'alloc', `${bytes}`]
  t.equal((await run({ process: { args: alloc(256 << 20) }, linux })).status, 137)
  t.equal(
    (await tsbox(['exec', id, ...alloc(256 << 20)])).status,
    137,
    'four times its memory is not to be had',
  )
  t.equal((await tsbox(['exec', id, ...alloc(8 << 20)])).status, 0)
})

await test('E7: a group that is frozen, or lies below one that is, is refused at once', {}, async oci => {
  const { t } = oci
  const { run } = sceneOf(oci)
  for (const mount of freezers)
    for (const below of ['', '/below']) {
      const path = `/${oci.marker}/frozen`
      const group = `${mount}${path}`
      mkdirSync(group, { recursive: true })
      freeze(group, true)
      try {
        const over = { ...ECHO, linux: { cgroupsPath: path + below } }
        const { status, stderr, signal } = await run(over, { patience: 10_000 })
        t.match(
          { status, stderr, signal },
          { status: 1, stderr: /linux\.cgroupsPath: .*frozen/, signal: null },
          `${mount}${below}`,
        )
      } finally {
        freeze(group, false)
      }
      t.match(
        await run({ ...ECHO, linux: { cgroupsPath: path + below } }),
        { status: 0 },
        'thawed, it is taken',
      )
      for (const dir of [group, join(group, '..')]) if (existsSync(dir)) rmdirSync(dir)
    }
})

await test('E8: what covers a directory holds nothing, and /dev/shm no more than it was given', {}, async oci => {
  const { t } = oci
  const { rootfs, run } = sceneOf(oci)
  mkdirSync(join(rootfs, 'masked'))
  const shm = { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['mode=1777', 'size=1m'] }
  const all = [...CAPABILITIES, 'CAP_SYS_ADMIN']
  const script = `probe mount - /masked - 0x1020
    for n in 1 2 3; do busybox head -c 100000 /dev/zero >/masked/$n; done 2>&-
    busybox cat /masked/* 2>&- | busybox wc -c
    busybox head -c 20000000 /dev/zero >/dev/shm/x; busybox stat -c %s /dev/shm/x`
  const args = ['/bin/sh', '-c', script]
  const capabilities = { bounding: all, effective: all, permitted: all }
  const ask = async (maskedPaths: readonly string[]) =>
    (await run({ process: { args, capabilities }, mounts: [...MOUNTS, shm], linux: { maskedPaths } })).stdout
  t.match(await ask(['/masked']), /^mount: ok\n0\n1048576$/m, 'although it was made writable')
  t.match(await ask([]), /^300000$/m, 'without a cover it fills')
})

await test('E9, E10: processes that fork without end are gone with their container', {}, async oci => {
  const { t, ok } = oci
  const scene = sceneOf(oci)
  const resources = { pids: { limit: 40 } }
  for (const [what, types, verbs] of [
    ['its own pid namespace', ['pid', 'mount', 'ipc', 'uts', 'network', 'cgroup'], ['delete', 'kill']],
    ['the host’s', ['mount', 'ipc', 'uts', 'network', 'cgroup'], ['delete', 'pause']],
  ] as const) {
    for (const verb of verbs) {
      const outputs = join(oci.dir, `forks-${oci.id()}`)
      const linux = { resources, namespaces: types.map(type => ({ type })) }
      const id = await scene.start({ ...program('/bin/attack', 'forks'), linux }, { outputs })
      await eventually(() => outputsOf(outputs).stdout.includes('forking') || undefined)
      t.ok(await eventually(() => processesOf(id).length > 1 || undefined), 'they run')
      if (verb === 'kill') await ok(['kill', '--all', id, 'KILL'])
      if (verb === 'pause') await ok(['pause', id])
      const began = Date.now()
      await ok(['delete', '--force', id])
      t.ok(Date.now() - began < 10_000 * (process.env.TSBOX_TEST_VM ? 10 : 1))
      t.same([processesOf(id), groupsOf(id)], [[], []], `${what}, ${verb}: nothing of it is left`)
    }
  }
})

const caps = (...more: readonly string[]): Json => {
  const all = [...CAPABILITIES, ...more]
  return { bounding: all, effective: all, permitted: all }
}

await test('E1, E2: no file of a hierarchy’s top can be reached, however the groups are mounted', {}, async oci => {
  const { t } = oci
  const { run } = sceneOf(oci)
  const view = (...options: readonly string[]) => [
    ...MOUNTS,
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options },
  ]
  const find = `busybox find /sys/fs/cgroup -name release_agent; busybox find /sys/fs/cgroup -type f '(' -name 'cgroup.*' -o -name 'memory.*' -o -name tasks ')' | while read f; do /bin/probe open $f w; done | busybox sort -u`
  for (const types of [
    ['pid', 'mount', 'ipc', 'uts', 'network', 'cgroup'],
    ['pid', 'mount', 'ipc', 'uts', 'network'],
  ]) {
    const linux = { namespaces: types.map(type => ({ type })) }
    const look = async (options: readonly string[]) =>
      (await run({ process: { args: ['/bin/sh', '-c', find] }, mounts: view(...options), linux })).stdout
    t.match(await look(['ro']), /^(open: errno=(13|30)\n)+$/, 'read-only, nothing can be opened for writing')
    const writable = await look([])
    t.match(writable, /^open: ok$/m, 'writable, its own can be')
    t.notMatch(writable, 'release_agent', 'and there is no release_agent')
  }
  if (HOST.v1.memory !== undefined)
    t.ok(existsSync(join(HOST.v1.memory, 'release_agent')), 'which the host has')
})

await test('E2: a user namespace of its own leads to no hierarchy either', {}, async oci => {
  const { t } = oci
  const { run } = sceneOf(oci)
  const inside =
    'busybox mount -t cgroup -o memory none /bin && echo mounted; busybox mount -t cgroup2 none /bin && echo mounted; echo "got $(busybox id -u)"'
  // The first user may not map itself without CAP_SETFCAP; another one may.
  const user = { uid: 1000, gid: 1000 }
  const attempt = (linux: Json, capabilities: Json) =>
    run({
      process: {
        args: ['/bin/busybox', 'unshare', '-U', '-r', '-m', 'sh', '-c', inside],
        capabilities,
        user,
      },
      linux,
    })
  const seccomp = { ...defaultSeccomp(DEFAULT_CAPABILITIES, process.arch === 'arm64' ? 'arm64' : 'x64') }
  for (const more of [[], ['CAP_SYS_ADMIN']]) {
    const held = await attempt({ seccomp }, caps(...more))
    t.match(held, { status: 1, stdout: '' }, 'with the filter there is no user namespace to be had')
  }
  const bare = await attempt({}, caps())
  t.equal(bare.stdout, 'got 0\n', 'without, there is one, whose root can mount no hierarchy')
})

await test('E11: engines are told which annotations they must not take from an image', {}, async oci => {
  const { t, ok } = oci
  const { start } = sceneOf(oci)
  const features = JSON.parse(await ok(['features']))
  const prefix = 'org.systemd.property.'
  t.ok(features.potentiallyUnsafeConfigAnnotations.includes(prefix), 'those for systemd are named')
  const said = join(oci.dir, 'said')
  const annotations = {
    [`${prefix}ExecStartPost`]: `['/bin/touch', '${said}']`,
    'run.oci.handler': 'krun',
    'run.oci.delegate-cgroup': '../../x',
    'run.oci.hooks.stdout': said,
    'run.oci.systemd.subgroup': '..',
    'io.tsbox.x': '1',
  }
  const id = await start({ annotations })
  const { pid, annotations: kept } = JSON.parse(await ok(['state', id]))
  t.same(kept, annotations, 'they are kept as they are')
  t.ok(
    read(`/proc/${pid}/cgroup`)
      .split('\n')
      .every(line => line.endsWith(`/${oci.marker}/${id}`)),
    'and change nothing',
  )
  t.notOk(existsSync(said))
})
