// Family D against the OCI runtime: who joins a container has what its first process has, and nothing of the caller.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { outcomeOf } from '../helpers/command.ts'
import { eventually } from '../helpers/live-box.ts'
import { probe } from '../helpers/rootfs.ts'
import { CAPABILITIES, type Json, MOUNTS, PATH } from '../oci/helpers/config.ts'
import { type Oci, ociTests } from '../oci/helpers/oci-test.ts'
import { outputsOf } from '../oci/helpers/verb.ts'
import { isDebians, onEngine } from './helpers/engine.ts'
import { sceneOf, statusField } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)
const CAPS = ['/bin/probe', 'caps']
const SETS = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']
const NONE = SETS.map(() => 0n)
const sets = (text: string) => SETS.map(name => BigInt(`0x${statusField(text, name) ?? 'missing'}`))

/** Asks `exec` with a process that is written down. */
const written = async (oci: Oci, id: string, process: Json): Promise<string> => {
  const file = join(oci.dir, 'process.json')
  writeFileSync(file, JSON.stringify({ args: CAPS, cwd: '/', user: { uid: 0, gid: 0 }, ...process }))
  return oci.ok(['exec', '--process', file, id])
}

await test('D2: who joins has no capability that the container’s first process has not', {}, async oci => {
  const { t, ok } = oci
  const { start } = sceneOf(oci)
  const few = { bounding: CAPABILITIES.slice(0, 3), permitted: CAPABILITIES.slice(0, 2) }
  const capabilities = { ...few, effective: CAPABILITIES.slice(0, 1), inheritable: [], ambient: [] }
  for (const process of [{ capabilities }, { capabilities: undefined }]) {
    const id = await start({ process: { ...process, noNewPrivileges: true } })
    const { pid } = JSON.parse(await ok(['state', id]))
    const first = sets(readFileSync(`/proc/${pid}/status`, 'utf8'))
    t.same(sets(await ok(['exec', id, ...CAPS])), first, 'with no word it has the same')
    t.same(sets(await written(oci, id, {})), first, 'with no word in a document neither')
    t.same(sets(await written(oci, id, { capabilities: {} })), NONE, 'a process that asks for none has none')
    const one = ['CAP_KILL']
    const asked = { bounding: one, permitted: one, effective: one }
    const kill = 1n << 5n
    t.same(
      sets(await written(oci, id, { capabilities: asked })),
      [0n, kill, kill, kill, 0n],
      'one that asks has that',
    )
    const user = await ok(['exec', '-u', '1000', id, ...CAPS])
    t.same(sets(user), [0n, 0n, 0n, first[3], 0n], 'another user has none of them')
  }
})

await test('D11: nothing of the caller’s environment arrives, wherever one looks', {}, async oci => {
  const { t, ok, tsbox } = oci
  const { bundle } = sceneOf(oci)
  const secret = `s3cret-${process.pid}`
  const how = { env: { ...process.env, SECRET_X: secret, HOME: `/${secret}`, LD_LIBRARY_PATH: `/${secret}` } }
  const { id, dir } = bundle()
  await ok(['create', '--bundle', dir, id], how)
  const { pid } = JSON.parse(await ok(['state', id]))
  const environs = () =>
    readFileSync(`/proc/${pid}/environ`, 'latin1') + readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  t.notMatch(environs(), secret, 'who waits to be started')
  await ok(['start', id], how)
  t.notMatch(environs(), secret, 'the program')
  t.same((await ok(['exec', id, '/bin/probe', 'env'], how)).trim().split('\n'), [PATH, 'HOME=/'])
  const script = 'cat /proc/*/environ /proc/*/cmdline'
  for (const text of [
    await ok(['exec', id, '/bin/sh', '-c', script], how),
    await ok(['exec', '-t', id, '/bin/sh', '-c', script], how),
    (await oci.run({ process: { args: ['/bin/sh', '-c', script] } }, how)).stdout,
  ])
    t.notMatch(text, secret)
  t.match(
    await ok(['exec', '-e', `X=${secret}`, id, '/bin/probe', 'env'], how),
    secret,
    'asked for, it arrives',
  )
  const failing = await tsbox(['exec', id, '/bin/missing'], how)
  t.notMatch(failing.stderr, secret)
  t.match((await outcomeOf(probe(), ['env'], how)).stdout, secret, 'without a container it arrives')
})

await test('D12: values are passed as they are, and what is no variable is refused', {}, async oci => {
  const { t, ok, tsbox, run } = oci
  const { start } = sceneOf(oci)
  const odd = 'line\nroot::0:0:::\n\x1b]0;x\x07=\u202e'
  const env = [PATH, `HOME=${odd}`, `USER=${odd}`, 'EMPTY=']
  const id = await start({ process: { env } })
  for (const text of [
    (await run({ process: { args: ['/bin/probe', 'env'], env } })).stdout,
    await ok(['exec', id, '/bin/probe', 'env']),
  ])
    t.equal(text, `${env.join('\n')}\n`)
  for (const word of ['=x', 'NAME', '', 'A\0=b'])
    t.match(await run({ process: { args: ['/bin/true'], env: [word] } }), {
      status: 1,
      stderr: /process\.env\[0\]/,
    })
  for (const word of ['=x', 'NAME', ''])
    t.match(await tsbox(['exec', '-e', word, id, '/bin/true']), { status: 1, stderr: /--env/ }, word)
})

/** All that a process can tell of its own security. */
const LOOK = `
busybox grep -vE '^(Pid|Ngid|PPid|Tgid|NS|Vm|Rss|Huge|voluntary|nonvoluntary|State|TracerPid|FDSize|Sig[QP]|ShdPnd|Name|Threads|Core|untag|x86|Mems_allowed:)' /proc/self/status
cat /proc/self/limits /proc/self/oom_score_adj /proc/self/personality /proc/self/cgroup /proc/self/mountinfo
cat /proc/self/attr/current 2>&-
cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups /proc/self/timerslack_ns
/bin/probe ns; /bin/probe keyring; /bin/probe caps; /bin/probe cwd; /bin/probe env
busybox readlink /proc/self/root
echo end`

const FILTER = {
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: ['swapon'], action: 'SCMP_ACT_ERRNO', errnoRet: 77 }],
}

await test('D14: who joins is held to all that holds the first process', {}, async oci => {
  const { t, ok, dir } = oci
  const { start } = sceneOf(oci)
  const outputs = join(dir, 'first')
  const user = { uid: 0, gid: 7, additionalGids: [8, 9], umask: 0o37 }
  const rlimits = [
    { type: 'RLIMIT_NOFILE', soft: 77, hard: 88 },
    { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
  ]
  const script = `${LOOK}; exec /bin/probe pause`
  const id = await start(
    {
      process: { args: ['/bin/sh', '-c', script], user, rlimits, oomScoreAdj: 321, cwd: '/bin' },
      linux: { seccomp: FILTER, personality: { domain: 'LINUX' }, resources: { pids: { limit: 50 } } },
      mounts: [...MOUNTS, { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['ro'] }],
    },
    { outputs },
  )
  await eventually(() => /^end$/m.test(outputsOf(outputs).stdout) || undefined)
  const first = outputsOf(outputs).stdout.trim().split('\n')
  t.ok(first.length > 50, first.join('\n'))
  t.match(first.join('\n'), /^Seccomp:\t2$/m)
  for (const more of [[], ['-t'], ['-d']]) {
    const place = join(dir, `joined${more}`)
    await ok(['exec', ...more, id, '/bin/sh', '-c', LOOK], { outputs: place })
    await eventually(() => /^end\r?$/m.test(outputsOf(place).stdout) || undefined)
    const joined = outputsOf(place).stdout.trim().split(/\r?\n/)
    const differ = [
      ...first.filter(line => !joined.includes(line)),
      ...joined.filter(line => !first.includes(line)),
    ]
    t.same(differ, [], `exec ${more}`)
  }
  const { pid } = JSON.parse(await ok(['state', id]))
  const careless = await outcomeOf('nsenter', ['-t', `${pid}`, '-a', '/bin/sh', '-c', LOOK])
  const differ = careless.stdout.split('\n').filter(line => line !== '' && !first.includes(line))
  t.match(differ.join('\n'), /^Seccomp:\t0$/m, 'who joins by other ways is seen to differ')
  const weak = await written(oci, id, { capabilities: {} })
  t.same(sets(weak), NONE)
  const swapon = process.arch === 'arm64' ? '224' : '167'
  const asked = { args: ['/bin/probe', 'syscall', swapon, '0', '0'], noNewPrivileges: false }
  t.match(
    await written(oci, id, asked),
    /errno=77/,
    'the filter is the container’s, whatever the process asks',
  )
})

const session = (text: string) => /session (\d+)/.exec(text)?.[1]

await test('D15: the keys of the caller’s session stay outside', {}, async oci => {
  const { t, ok } = oci
  const { run, start } = sceneOf(oci)
  const args = ['/bin/probe', 'keyring']
  const own = session((await outcomeOf(probe(), ['keyring'])).stdout)
  if (own === undefined) return t.comment('this kernel has no keyrings')
  const id = await start()
  const user = { uid: 1000, gid: 1000 }
  for (const text of [
    (await run({ process: { args } })).stdout,
    (await run({ process: { args, user } })).stdout,
    await ok(['exec', id, ...args]),
    await ok(['exec', '-u', '1000', id, ...args]),
    await ok(['exec', '-t', id, ...args]),
  ]) {
    t.ok(session(text), 'it has a session')
    t.not(session(text), own)
  }
  t.equal(session(await ok(['exec', '--no-new-keyring', id, ...args])), own, 'unless it is asked to be kept')
})

await test('D15: who joins by crun has the session of the caller', {}, async oci => {
  const own = session((await outcomeOf(probe(), ['keyring'])).stdout)
  const bundle = sceneOf(oci).bundle()
  const script = `engine run -d --bundle "$BUNDLE" $ID </dev/null >/dev/null; engine exec $ID /bin/probe keyring </dev/null`
  const seen = await onEngine('crun', { dir: oci.dir, bundle, script })
  if (seen === undefined || !isDebians('crun')) return oci.t.comment('no crun of Debian 12: no control')
  oci.t.equal(session(seen.stdout), own, seen.stderr)
})

await test('D21: a program is looked for in the container, by its own PATH', {}, async oci => {
  const { t, tsbox } = oci
  const { rootfs, start, run } = sceneOf(oci)
  const host = join(oci.dir, 'host')
  mkdirSync(host)
  for (const name of ['only-host', 'both']) copyFileSync(probe(), join(host, name))
  copyFileSync(probe(), join(rootfs, 'bin', 'both'))
  const how = { env: { ...process.env, PATH: `${host}:${process.env.PATH}` }, cwd: host }
  const id = await start()
  for (const word of ['only-host', join(host, 'only-host')]) {
    const made = await run({ process: { args: [word, 'echo', 'ran'] } }, how)
    const joined = await tsbox(['exec', id, word, 'echo', 'ran'], how)
    for (const { status, stdout } of [made, joined]) t.same([status, stdout], [1, ''], word)
  }
  const found = await tsbox(['exec', id, 'both', 'echo', 'ran'], how)
  t.match(found, { status: 0, stdout: 'ran\n' })
  t.equal((await outcomeOf('only-host', ['echo', 'x'], how)).stdout, 'x\n', 'without a container it is found')
})
