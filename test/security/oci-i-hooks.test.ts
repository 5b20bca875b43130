// Family I against the OCI runtime: hooks and helpers, and what of a hostile root could reach them.
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { outcomeOf } from '../helpers/command.ts'
import { eventually, isAlive } from '../helpers/live-box.ts'
import { type Json, MOUNTS, PATH } from '../oci/helpers/config.ts'
import { foundIn, makeRecorder, recording } from '../oci/helpers/hooks.ts'
import { type Oci, ociTests } from '../oci/helpers/oci-test.ts'
import { groupsOf } from '../oci/helpers/residue.ts'
import { isDebians, onEngine } from './helpers/engine.ts'
import { sceneOf, statusField } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)

const HOST_KINDS = ['prestart', 'createRuntime', 'createContainer', 'poststart', 'poststop'] as const
const EVIL = ['LD_PRELOAD=/evil.so', 'PATH=/evil', 'BASH_ENV=/evil.sh', 'IFS=/', 'SECRET=x']

const shell = (text: string): Json => ({ path: '/bin/sh', args: ['sh', '-c', text] })

/** create, start, delete; what each ended with. */
const wholeLife = async ({ tsbox }: Oci, { id, dir }: { id: string; dir: string }, options = {}) => [
  (await tsbox(['create', '--bundle', dir, id], options)).status,
  (await tsbox(['start', id], options)).status,
  (await tsbox(['delete', '--force', id], options)).status,
]

await test('I14: no variable, directory or descriptor of image or caller reaches a hook', {}, async oci => {
  const { t, dir } = oci
  const { bundle, rootfs } = sceneOf(oci)
  mkdirSync(join(rootfs, 'work'))
  const recorder = makeRecorder(dir)
  const hooks = recording(recorder, HOST_KINDS)
  const made = bundle({ hooks, process: { env: [PATH, ...EVIL], cwd: '/work' } })
  const env = { ...process.env, LD_LIBRARY_PATH: '/evil', CALLER: 'yes' }
  t.same(await wholeLife(oci, made, { env, cwd: rootfs }), [0, 0, 0])
  const found = foundIn(recorder.log)
  t.same(
    found.map(({ kind, cwd, env: seen }) => ({ kind, cwd, seen })),
    HOST_KINDS.map(kind => ({ kind, cwd: '/', seen: [] })),
  )
})

await test('I14: in runc 1.1.5 the same variables reach a hook', {}, async oci => {
  const { t, dir } = oci
  const recorder = makeRecorder(dir)
  const { bundle } = sceneOf(oci)
  const hooks = recording(recorder, ['createContainer'])
  const made = bundle({ hooks, process: { args: ['/bin/true'], env: [PATH, 'LD_PRELOAD=/evil.so'] } })
  const seen = await onEngine('runc', {
    dir,
    bundle: made,
    script: 'engine run --bundle "$BUNDLE" $ID',
  })
  if (seen === undefined || !isDebians('runc')) return t.comment('runc 1.1.5 is not installed: no control')
  t.ok(foundIn(recorder.log)[0]?.env.includes('LD_PRELOAD=/evil.so'), seen.stderr)
})

const LOOK = 'umask; cat /proc/self/status; for f in /proc/self/fd/*; do echo "fd $f"; done'

await test('I14: a hook has three descriptors, and what it makes is not everybody’s to write', {}, async oci => {
  const { t, dir } = oci
  const { bundle } = sceneOf(oci)
  const hooks = Object.fromEntries(HOST_KINDS.map(kind => [kind, [shell(`exec >${dir}/${kind}; ${LOOK}`)]]))
  const script = ['sh', '-c', 'umask 0; exec 7</ 9</etc; exec "$@"', 'sh']
  t.same(await wholeLife(oci, bundle({ hooks }), { before: script }), [0, 0, 0])
  for (const kind of HOST_KINDS) {
    const text = readFileSync(join(dir, kind), 'utf8')
    t.match(text, /^0?022$/m, `${kind}: umask`)
    // The shell itself holds the directory it lists, and a copy of what it was started with.
    t.notMatch(text, /^fd .*\/([7-9]|[1-9]\d)$/m, `${kind}: none of the caller or the set-up`)
    for (const set of ['SigBlk', 'SigIgn']) t.match(statusField(text, set), /^0+$/, `${kind}: ${set}`)
  }
})

await test('I14: a hook in the container has the rights and the filter of its program', {}, async oci => {
  const { t, ok } = oci
  const { bundle, rootfs } = sceneOf(oci)
  chmodSync(rootfs, 0o777)
  const process = { user: { uid: 1000, gid: 1001 }, args: ['/bin/probe', 'pause'] }
  const seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 70 }],
  }
  const hook = shell(`exec >/seen; ${LOOK}; mkdir /made; probe hostmark /proc/1/root/etc/hostname; :`)
  const asks = { names: ['chroot'], action: 'SCMP_ACT_NOTIFY' }
  for (const filter of [seccomp, { ...seccomp, syscalls: [...seccomp.syscalls, asks] }]) {
    const plain = filter === seccomp
    const { id, dir } = bundle({
      process,
      hooks: { startContainer: [{ ...hook, env: [PATH] }] },
      linux: { seccomp: plain ? filter : { ...filter, listenerPath: '/nowhere' } },
    })
    await ok(['create', '--bundle', dir, id])
    // Without an agent the program does not start; its hook has run by then.
    t.equal((await oci.tsbox(['start', id])).status, plain ? 0 : 1)
    const text = readFileSync(join(rootfs, 'seen'), 'utf8')
    t.equal(statusField(text, 'Uid'), '1000\t1000\t1000\t1000')
    for (const set of ['CapEff', 'CapPrm', 'CapAmb']) t.match(statusField(text, set), /^0+$/, set)
    t.equal(statusField(text, 'NoNewPrivs'), '1')
    t.equal(statusField(text, 'Seccomp'), '2', 'the filter is on')
    t.notOk(existsSync(join(rootfs, 'made')), 'and holds')
    rmSync(join(rootfs, 'seen'))
  }
  const { id, dir } = bundle({ process, hooks: { startContainer: [{ ...hook, env: [PATH] }] } })
  await ok(['create', '--bundle', dir, id])
  await ok(['start', id])
  t.equal(
    statusField(readFileSync(join(rootfs, 'seen'), 'utf8'), 'Seccomp'),
    '0',
    'without one there is none',
  )
  t.ok(existsSync(join(rootfs, 'made')))
})

await test('I14: the root supplies no program for a hook of the host, nor the host one for the root', {}, async oci => {
  const { t, dir, fails, ok } = oci
  const { bundle, rootfs } = sceneOf(oci)
  const inside = makeRecorder(join(rootfs, 'bin'))
  for (const kind of ['prestart', 'createRuntime', 'createContainer']) {
    const made = bundle({ hooks: { [kind]: [{ path: '/bin/recorder', args: ['recorder', '/x', kind] }] } })
    t.match(await fails(['create', '--bundle', made.dir, made.id]), /\/bin\/recorder ended with status 127/)
  }
  const outside = makeRecorder(dir)
  const made = bundle({
    hooks: { startContainer: [{ path: outside.path, args: ['recorder', outside.log] }] },
  })
  await ok(['create', '--bundle', made.dir, made.id])
  t.match(await fails(['start', made.id]), /ended with status 127/)
  t.notOk(existsSync(outside.log))
  const right = bundle({ hooks: { startContainer: [{ path: '/bin/recorder', args: ['r', '/log', 'in'] }] } })
  await ok(['create', '--bundle', right.dir, right.id])
  await ok(['start', right.id])
  t.equal(foundIn(join(rootfs, 'log')).length, 1, `the root’s own is run in it: ${inside.path !== ''}`)
})

await test('I15: a hook that kills who runs it leaves nothing', {}, async oci => {
  const { t, tsbox, root, marker, ok } = oci
  const { bundle } = sceneOf(oci)
  const murder = shell('kill -9 $PPID; sleep 1')
  for (const kind of ['prestart', 'createRuntime'] as const) {
    const { id, dir } = bundle({ hooks: { [kind]: [murder] } })
    t.not((await tsbox(['create', '--bundle', dir, id])).status, 0, kind)
    const isGone = () =>
      (!existsSync(join(root, id)) && groupsOf(marker).every(path => !path.endsWith(id))) || undefined
    t.ok(await eventually(isGone), `${kind}: no directory and no group`)
  }
  // In the container's own process namespace its parent is process 1, whom nobody in there can kill.
  const { id, dir } = bundle({
    hooks: { createContainer: [murder], poststart: [murder], poststop: [murder] },
  })
  await ok(['create', '--bundle', dir, id])
  t.not((await tsbox(['start', id])).status, 0)
  const { pid, status } = JSON.parse(await ok(['state', id]))
  t.equal(status, 'running', 'what was started runs')
  await tsbox(['delete', '--force', id])
  t.ok(await eventually(() => !isAlive(pid) || undefined))
  t.notOk(existsSync(join(root, id)))
})

await test('I15: hooks that hang, flood or fail end in their time, and nothing is left', {}, async oci => {
  const { t, fails, root, dir } = oci
  const { bundle } = sceneOf(oci)
  const floods = "trap '' TERM INT HUP; while :; do echo 0123456789; done"
  for (const [text, timeout, said] of [
    ["trap '' TERM INT HUP; sleep 1000", 1, /took longer than 1 s/],
    [floods, 1, /took longer than 1 s/],
    ['exec <&- >&- 2>&-; sleep 1000', 1, /took longer than 1 s/],
    ['exit 1', 5, /ended with status 1/],
  ] as const) {
    const hook = { ...shell(`echo $$ >${dir}/pid; ${text}`), timeout }
    const made = bundle({ hooks: { createRuntime: [hook] } })
    const words = await fails(['create', '--bundle', made.dir, made.id])
    t.match(words, said, text)
    t.ok(words.length < 4000, 'and little of what it said is told')
    t.notOk(existsSync(join(root, made.id)))
    const pid = Number(readFileSync(join(dir, 'pid'), 'utf8'))
    t.ok(await eventually(() => !isAlive(pid) || undefined), 'it is gone')
  }
})

/** Programs other engines ran, by their names, with a root's path in front of them. */
const HELPERS = 'ip ps sh nsenter newuidmap newgidmap busctl systemctl gzip unpigz xz zstd modprobe tar mount'
const DIRS = ['bin', 'sbin', 'usr/bin', 'usr/sbin', 'usr/local/bin']

const trap = (root: string, line: string) => {
  for (const dir of DIRS) {
    mkdirSync(join(root, dir), { recursive: true })
    for (const name of HELPERS.split(' ')) {
      rmSync(join(root, dir, name), { force: true })
      writeFileSync(join(root, dir, name), line)
      chmodSync(join(root, dir, name), 0o755)
    }
  }
}

/** Every verb, on one container; each has to end well. */
const everyVerb = async ({ ok }: Oci, { id, dir }: { id: string; dir: string }, options: object) => {
  for (const words of [
    ['create', '--bundle', dir, id],
    ['start', id],
    ['exec', id, '/bin/probe', 'true'],
    ['exec', '--user', '1000', id, '/bin/probe', 'true'],
    ['ps', id],
    ['ps', '-f', 'json', id],
    ['state', id],
    ['list'],
    ['events', '--stats', id],
    ['update', '--pids-limit', '50', id],
    ['pause', id],
    ['resume', id],
    ['kill', id, 'KILL'],
    ['delete', '--force', id],
  ])
    await ok(words, options)
}

await test('I4: no verb runs a helper of the root, or of the caller’s PATH', {}, async oci => {
  const { t, dir, run } = oci
  const { rootfs, bundle, run: runHere } = sceneOf(oci)
  const mine = join(dir, 'path')
  trap(rootfs, '#!/bin/busybox sh\necho "$0" >>/ran\n')
  trap(mine, `#!/bin/sh\necho "$0" >>${dir}/ran\n`)
  const PATH_THERE = DIRS.map(name => join(mine, name)).join(':')
  const paths = DIRS.map(name => `/${name}`).join(':')
  const env = { ...process.env, PATH: `${PATH_THERE}:${process.env.PATH}` }
  await everyVerb(oci, bundle({ process: { env: [`PATH=${paths}`] } }), { env })
  t.notOk(existsSync(join(rootfs, 'ran')), 'none of the root')
  t.notOk(existsSync(join(dir, 'ran')), 'none of the caller')
  t.equal((await runHere({ process: { args: ['ps'], env: [`PATH=${paths}`] } })).status, 0)
  t.match(readFileSync(join(rootfs, 'ran'), 'utf8'), /ps/, 'a program that is asked for is')
  await outcomeOf('/bin/sh', ['-c', 'ps'], { env })
  t.match(readFileSync(join(dir, 'ran'), 'utf8'), /ps/)
  t.equal((await run({ process: { args: ['/bin/true'] } })).status, 0)
})

const LOADING = /\.so\b|nsswitch|gconv|locale|ld\.so|\/etc\/(group|shadow|host|resolv|services)/

/** Files that were opened, of those a C library looks for by itself, from when the set-up began. */
const loaded = (file: string, from?: RegExp) => {
  const lines = readFileSync(file, 'latin1').split('\n')
  const turn = lines.findLastIndex(line => from?.test(line) ?? false)
  const opened = lines
    .slice(Math.max(turn, 0))
    .filter(line => /\b(open|openat|openat2|execve|execveat)\(/.test(line))
  return { opened, found: opened.filter(line => LOADING.test(line)) }
}

await test('I3: what sets a container up or joins it loads nothing, of the root or anywhere', {}, async oci => {
  const { t, dir, ok } = oci
  if ((await outcomeOf('strace', ['-V']).catch(() => undefined)) === undefined)
    return t.comment('strace is not installed: not looked at')
  const { rootfs, bundle } = sceneOf(oci)
  for (const name of [
    'lib/libnss_files.so.2',
    'lib64/libc.so.6',
    'etc/nsswitch.conf',
    'usr/lib/locale/C.utf8/LC_ALL',
  ]) {
    mkdirSync(join(rootfs, name, '..'), { recursive: true })
    writeFileSync(join(rootfs, name), 'trap')
  }
  const { id, dir: made } = bundle({ mounts: MOUNTS, hostname: 'box' })
  const file = join(dir, 'trace')
  // Whoever waits at the gate would keep strace waiting, so a whole container is looked at, and `start` alone.
  const before = ['strace', '-f', '-qq', '-o', file, '-e', 'trace=%file,execveat']
  const shim = /execve\("[^"]*tsbox-shim"/
  const whole = bundle({ hostname: 'box', process: { args: ['/bin/probe', 'true'] } })
  await ok(['create', '--bundle', made, id])
  for (const [words, from] of [
    [['run', '--bundle', whole.dir, whole.id], shim],
    [['start', id], undefined],
    [['exec', '--user', '12', id, '/bin/probe', 'true'], shim],
    [['delete', '--force', id], shim],
  ] as const) {
    await ok(words, { before })
    const { opened, found } = loaded(file, from)
    t.ok(opened.length > 2, `${words[0]} was watched`)
    t.same(found, [], words[0])
  }
  await outcomeOf('strace', ['-f', '-qq', '-o', file, '-e', 'trace=%file', 'id', 'nobody'])
  t.match(loaded(file).found.join(), /./, 'a dynamic program is seen to load')
})
