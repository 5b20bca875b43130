// Family B against the OCI runtime: what mounts cover, show and leave.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inPrivateMounts } from '../helpers/boxes.ts'
import { command, outcomeOf } from '../helpers/command.ts'
import { CAPABILITIES, type Json, MOUNTS, NAMESPACES, PROC } from '../oci/helpers/config.ts'
import { ociTests } from '../oci/helpers/oci-test.ts'
import { isDebians, onEngine } from './helpers/engine.ts'
import { program, sceneOf } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)

const bind = (destination: string, source: string, ...options: readonly string[]): Json => ({
  destination,
  type: 'bind',
  source,
  options: ['rbind', ...options],
})
const tmpfs = (destination: string, ...options: readonly string[]): Json => ({
  destination,
  type: 'tmpfs',
  source: 'tmpfs',
  options,
})
const ADMIN = (() => {
  const all = [...CAPABILITIES, 'CAP_SYS_ADMIN', 'CAP_SYS_CHROOT']
  return { bounding: all, effective: all, permitted: all }
})()

await test('B2, B5, B23: nothing stands in for /proc, nor for the root', {}, async oci => {
  const { t } = oci
  const { bird, plant, run, changes } = sceneOf(oci)
  const show = (shown: string) => program('/bin/probe', 'ls', shown)
  for (const target of [
    ...[
      '/proc',
      '/proc/self',
      '/proc/self/attr',
      '/proc/sys',
      '/proc/1',
      '//proc//sys',
      '/x/../proc',
      '/./proc/',
    ],
    ...['/', '/.', '/../', ''],
  ]) {
    // One kind suffices for most: it is the target that is refused.
    for (const mount of [bind(target, bird), ...(target.length % 4 === 1 ? [tmpfs(target)] : [])]) {
      const { status, stdout, stderr } = await run({ ...show('/proc'), mounts: [...MOUNTS, mount] })
      t.same([status, stdout], [1, ''], `${mount.type} on ${JSON.stringify(target)}`)
      t.match(stderr, /mounts\[3\]/)
    }
  }
  for (const [i, target] of ['proc', '/proc', '/proc/self/attr', '/proc/sys', '/proc/self'].entries()) {
    plant(`link${i}`, target)
    for (const mount of [i % 2 ? tmpfs(`/link${i}`) : bind(`/link${i}`, bird)]) {
      const { status, stderr } = await run({ ...show('/proc'), mounts: [...MOUNTS, mount] })
      t.match(
        { status, stderr },
        { status: 1, stderr: /mounts\[3\]/ },
        `${mount.type}, by a link to ${target}`,
      )
    }
  }
  plant('e', '/usr')
  plant('top', '/')
  const elsewhere = await run({ ...show('/usr'), mounts: [...MOUNTS, bind('/e', bird)] })
  t.match(elsewhere.stdout, /^secret$/m, 'elsewhere a link is followed, inside the root')
  const top = await run({ ...show('/'), mounts: [...MOUNTS, bind('/top', bird)] })
  t.notMatch(top.stdout, /^secret$/m, 'a link to the root replaces nothing')
  const cpus = join(oci.dir, 'cpuinfo')
  writeFileSync(cpus, 'of lxcfs')
  const file = await run({
    ...program('/bin/probe', 'cat', '/proc/cpuinfo'),
    mounts: [...MOUNTS, bind('/proc/cpuinfo', cpus)],
  })
  t.equal(file.stdout, 'of lxcfs', 'a file that tools show otherwise is taken')
  const hosts = await run({
    ...show('/proc/self/attr'),
    mounts: [bind('/proc', '/proc'), ...MOUNTS.slice(1)],
  })
  t.equal(hosts.status, 0, `so is the host’s own proc: ${hosts.stderr}`)
  t.same(changes(), [])
})

await test('B2, B5: on crun a link of the image leads a volume over /proc/self/attr', {}, async oci => {
  const scene = sceneOf(oci)
  scene.plant('data', '/proc/self/attr')
  const bundle = scene.bundle({
    ...program('/bin/probe', 'ls', '/proc/self/attr'),
    mounts: [...MOUNTS, bind('/data', scene.bird)],
  })
  const script = 'engine run --bundle "$BUNDLE" $ID </dev/null'
  const seen = await onEngine('crun', { dir: oci.dir, bundle, script })
  if (seen === undefined || !isDebians('crun')) return oci.t.comment('no crun of Debian 12: no control')
  oci.t.match(seen.stdout, /^secret$/m, seen.stderr)
})

/** A bundle run in a mount namespace where more is mounted than on the host, by a script that has $TSBOX and $BUNDLE. */
const inNamespace = (
  bundle: { dir: string; id: string },
  root: string,
  script: string,
  env: Record<string, string> = {},
) => inPrivateMounts(script, { BUNDLE: bundle.dir, ID: bundle.id, STATE: root, TSBOX: command(), ...env })

await test('B20: rro is read-only in what is mounted below it too, ro is not', {}, async oci => {
  const { t, dir, root } = oci
  const scene = sceneOf(oci)
  const volume = join(dir, 'volume')
  mkdirSync(join(volume, 'sub'), { recursive: true })
  const answers: string[] = []
  for (const mode of ['rro', 'ro', 'rw']) {
    const bundle = scene.bundle({
      ...program('/bin/sh', '-c', 'probe write /v/new x; probe write /v/sub/new x'),
      mounts: [...MOUNTS, bind('/v', volume, mode)],
    })
    const { stdout, stderr } = await inNamespace(
      bundle,
      root,
      `mount -t tmpfs none "$VOLUME/sub"; "$TSBOX" --root "$STATE" run --bundle "$BUNDLE" $ID </dev/null`,
      { VOLUME: volume },
    )
    t.equal(stderr, '')
    answers.push(stdout)
  }
  t.same(answers, [
    'write: errno=30\nwrite: errno=30\n',
    'write: errno=30\nwrite: ok\n',
    'write: ok\nwrite: ok\n',
  ])
})

await test('B21: a container that mounts and unmounts all it can changes nothing outside', {}, async oci => {
  const { t, root } = oci
  const scene = sceneOf(oci)
  for (const propagation of [undefined, 'rprivate', 'rslave']) {
    const bundle = scene.bundle({
      process: { args: ['/bin/attack', 'wreck-mounts'], capabilities: ADMIN },
      mounts: [...MOUNTS, bind('/host', '/')],
      linux: { rootfsPropagation: propagation },
    })
    const { stdout, stderr } = await inNamespace(
      bundle,
      root,
      `mount --make-rshared /
       cat /proc/self/mountinfo >"$BUNDLE/before"
       "$TSBOX" --root "$STATE" run --bundle "$BUNDLE" $ID </dev/null
       cat /proc/self/mountinfo >"$BUNDLE/after"
       cmp "$BUNDLE/before" "$BUNDLE/after" && echo same
       mount -t tmpfs none /mnt; unshare -m --propagation shared umount /mnt
       grep -q ' /mnt ' /proc/self/mountinfo || echo heard`,
    )
    t.match(stdout, /^mount: ok$/m, `it could mount, ${propagation} ${stderr}`)
    t.ok(Number(/unmounted (\d+)/.exec(stdout)?.[1]) >= 3, `and unmount: ${stdout}`)
    t.match(stdout, /^same$/m, 'and the mounts of its host, which are shared, are what they were')
    t.match(stdout, /^heard$/m, 'such mounts do tell of a change in a namespace that shares them')
  }
})

await test('B22: nothing of the old root can be reached', {}, async oci => {
  const { t, tsbox } = oci
  const { rootfs, mark, run, start, bundle } = sceneOf(oci)
  const up = `${'../'.repeat(20)}${mark.slice(1)}`
  const process = { args: ['/bin/probe', 'doublechroot', mark], capabilities: ADMIN }
  const { stdout } = await run({ process })
  t.match(stdout, /chroot-again: ok\nhostmark: errno=2/, 'chroot twice stays inside, though it is let')
  for (const way of [`/proc/1/cwd/${up}`, `/proc/1/root/${up}`, `/proc/self/cwd/${up}`])
    t.match(
      (await run({ process: { ...process, args: ['/bin/probe', 'hostmark', way] } })).stdout,
      /errno=2/,
      way,
    )
  const mounts = (await run(program('/bin/probe', 'mountinfo'))).stdout
  t.equal(mounts.match(/^\d+ \d+ \S+ \S+ \/ /gm)?.length, 1, 'there is one mount at /')
  t.notMatch(mounts, / shared:/, 'and none is shared')
  const id = await start({ process: { capabilities: ADMIN } })
  const joined = await tsbox(['exec', id, '/bin/probe', 'doublechroot', mark])
  t.match(joined.stdout, /hostmark: errno=2/, 'who joins cannot leave either')
  const bare = bundle({ process })
  const moved = await tsbox(['run', '--no-pivot', '--bundle', bare.dir, bare.id])
  t.comment(`with --no-pivot, which is asked for: ${moved.stdout.trim().replaceAll('\n', ', ')}`)
  const jail = await outcomeOf('chroot', [rootfs, '/bin/probe', 'doublechroot', mark])
  t.match(jail.stdout, /hostmark: visible/, 'out of a mere chroot the same program escapes')
})

await test('B22: without a mount namespace of its own nothing is made', {}, async oci => {
  const { t } = oci
  const namespaces = NAMESPACES.filter(({ type }) => type !== 'mount')
  t.match(await sceneOf(oci).run({ linux: { namespaces } }), { status: 1, stderr: /linux\.namespaces/ })
})

await test('B24: a tmpfs has the mode that was asked for, and no setuid bit of what is below', {}, async oci => {
  const { t } = oci
  const { rootfs, run } = sceneOf(oci)
  for (const [name, mode] of [
    ['a', 0o7777],
    ['b', 0o710],
  ] as const) {
    mkdirSync(join(rootfs, name))
    chmodSync(join(rootfs, name), mode)
  }
  const modeOf = async (name: string, ...options: string[]) =>
    /mode=(\d+)/.exec(
      (await run({ ...program('/bin/probe', 'stat', name), mounts: [...MOUNTS, tmpfs(name, ...options)] }))
        .stdout,
    )?.[1]
  for (const name of ['/a', '/b', '/missing']) {
    t.equal(await modeOf(name, 'mode=0711'), '0711', `${name} with mode=0711`)
    t.match(await modeOf(name), /^1777$/, `${name} by default`)
    if (name !== '/missing') t.match(await modeOf(name, 'tmpcopyup'), /^(1777|0710)$/, `${name} filled`)
  }
})

/** What process 1 has mounted over its procfs, and how. */
const overProc = (mountinfo: string) =>
  mountinfo
    .split('\n')
    .map(line => line.split(' '))
    .filter(fields => fields[4]?.startsWith('/proc/'))
    .map(fields => `${fields[4]} ${fields[5]?.split(',')[0]} ${fields[fields.indexOf('-') + 1]}`)

await test('B19: who joins gets filter, rights and no_new_privs although /proc is the container’s own make', {}, async oci => {
  const { t, ok } = oci
  const { start } = sceneOf(oci)
  const script = `
    cp /proc/self/status /tmp-status
    mount -t tmpfs none /proc
    mkdir -p /proc/self/attr/apparmor /proc/thread-self/attr /proc/1 /proc/sys/kernel
    for f in self/attr/current self/attr/exec self/attr/apparmor/exec thread-self/attr/exec self/status self/oom_score_adj \\
      self/loginuid sys/kernel/cap_last_cap 1/status; do echo 0 >/proc/$f; done
    echo ready; while :; do sleep 1; done`
  const id = await start({
    process: {
      args: ['/bin/busybox', 'sh', '-c', script.replaceAll('cp ', 'busybox cp ')],
      capabilities: ADMIN,
      oomScoreAdj: 100,
    },
    linux: {
      seccomp: {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['sethostname'], action: 'SCMP_ACT_ERRNO', errnoRet: 77 }],
      },
    },
  })
  const { pid } = JSON.parse(await ok(['state', id]))
  const status = () => readFileSync(`/proc/${pid}/status`, 'utf8')
  for (let i = 0; i < 100 && !readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes('/proc rw'); i++)
    await new Promise(resolve => setTimeout(resolve, 20))
  const file = join(oci.dir, 'pid')
  await ok(['exec', '--detach', '--pid-file', file, id, '/bin/probe', 'pause'])
  const joined = Number(readFileSync(file, 'utf8'))
  const theirs = readFileSync(`/proc/${joined}/status`, 'utf8')
  for (const field of [
    'NoNewPrivs',
    'Seccomp',
    'Seccomp_filters',
    'CapInh',
    'CapPrm',
    'CapEff',
    'CapBnd',
    'CapAmb',
  ]) {
    const [own] = new RegExp(`^${field}:.*`, 'm').exec(status()) ?? []
    t.match(theirs, `${own}\n`, `${own}`)
  }
  t.equal(readFileSync(`/proc/${joined}/oom_score_adj`, 'utf8'), '100\n')
  const call = await ok(['exec', id, '/bin/probe', 'sethostname', 'mine'])
  t.match(call, /errno=77/, 'the filter works')
})

const CALLS = [
  'openat2',
  'fsopen',
  'open_tree',
  'move_mount',
  'mount_setattr',
  'close_range',
  'memfd_create',
  'clone3',
  'pivot_root',
  'pidfd_open',
]

await test('B26: a kernel that lacks a call is refused, and no container starts half protected', {}, async oci => {
  const { t, tsbox, ok } = oci
  const { bundle } = sceneOf(oci)
  const wanted = {
    ...program('/bin/probe', 'echo', 'ran'),
    linux: { maskedPaths: ['/proc/kcore'], readonlyPaths: ['/proc/sys'] },
  }
  const under = (call: string) => {
    const { id, dir } = bundle(wanted)
    const trace = ['-f', '-qq', '-o', '/dev/null', '-e', `trace=${call}`, '-e', `inject=${call}:error=ENOSYS`]
    return tsbox(['run', '--bundle', dir, id], { before: ['strace', ...trace] })
  }
  t.equal((await under('getpriority')).stdout, 'ran\n', 'under strace a container runs as ever')
  for (const call of CALLS) {
    const { stdout, status } = await under(call)
    const unused = call === 'pidfd_open' && stdout === 'ran\n'
    t.ok(unused || (stdout === '' && status !== 0), `without ${call} nothing runs: ${status} ${stdout}`)
  }
  await ok(['list'])
})

await test('C11: a path that is masked twice, or missing, is no error; it is covered once', {}, async oci => {
  const { t } = oci
  const { run } = sceneOf(oci)
  const { stdout, stderr } = await run({
    ...program('/bin/probe', 'mountinfo'),
    mounts: [PROC, ...MOUNTS.slice(1)],
    linux: {
      maskedPaths: ['/proc/version', '/proc/version', '/proc/missing', '/proc/version/below', '/nowhere'],
      readonlyPaths: ['/proc/sys', '/proc/sys', '/proc/missing'],
    },
  })
  t.match(
    overProc(stdout).sort(),
    [/^\/proc\/sys ro proc$/, /^\/proc\/version \w\w (devtmpfs|tmpfs)$/],
    stderr,
  )
  t.equal(overProc(stdout).length, 2)
})
