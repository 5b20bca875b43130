// `exec` and its options.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive } from '../helpers/live-box.ts'
import { CAPABILITIES, type Json, PATH } from './helpers/config.ts'
import type { Container } from './helpers/container.ts'
import { ociTests } from './helpers/oci-test.ts'

const test = ociTests(import.meta.filename)

const says = async (
  { exec }: Container,
  options: readonly string[],
  args: readonly string[],
): Promise<string> => {
  const { status, stdout, stderr } = await exec(args, options)
  if (status === 0) return stdout
  throw new Error(stderr)
}

await test('a program runs in the container, and exec ends like it', {}, async ({ t, start }) => {
  const { exec } = await start()
  t.match(await exec(['/bin/sh', '-c', 'echo out; echo err >&2; exit 9']), {
    status: 9,
    stdout: 'out\n',
    stderr: 'err\n',
  })
  t.match(await exec(['true']), { status: 0, stdout: '', stderr: '' }, 'it is found by PATH')
  t.equal((await exec(['sh', '-c', 'kill -9 $$'])).status, 137)
})

await test('words after the id are the words of the program, options too', {}, async ({
  t,
  start,
  tsbox,
}) => {
  const { id } = await start()
  const words = ['-e', 'A=b', '--cwd', '/x', '--', 'x y']
  const { stdout } = await tsbox(['exec', '--', id, '/bin/probe', 'args', ...words])
  t.equal(stdout, ['/bin/probe', 'args', ...words].map(word => `"${word}"\n`).join(''))
  t.match(await tsbox(['exec', id]), { status: 1, stderr: /no program/ })
})

await test('what is not said is as the process of the container has it', {}, async ({ t, start }) => {
  const user = { uid: 7, gid: 8, additionalGids: [9], umask: 0o27 }
  const container = await start({ process: { cwd: '/bin', env: [PATH, 'WORD=yes'], user } })
  t.equal(await says(container, [], ['/bin/probe', 'cwd']), '/bin\n')
  t.equal(await says(container, [], ['/bin/probe', 'ids']), 'uid=7 gid=8 euid=7 egid=8 groups=9\n')
  t.equal(await says(container, [], ['/bin/probe', 'umask']), '0027\n')
  t.same((await says(container, [], ['/bin/probe', 'env'])).trim().split('\n'), [PATH, 'WORD=yes', 'HOME=/'])
})

await test('--cwd, --env, --user, --additional-gids', {}, async ({ t, start, tsbox }) => {
  const container = await start({ process: { user: { uid: 7, gid: 8, additionalGids: [9] } } })
  t.equal(await says(container, ['--cwd', '/dev'], ['/bin/probe', 'cwd']), '/dev\n')
  const env = await says(
    container,
    ['-e', 'ONE=1', '--env', 'TWO=a=b', '-e', 'PATH=/x'],
    ['/bin/probe', 'env'],
  )
  t.same(env.trim().split('\n').slice(-4), ['ONE=1', 'TWO=a=b', 'PATH=/x', 'HOME=/'])
  const ids = ['/bin/probe', 'ids']
  t.equal(await says(container, ['--user', '1000'], ids), 'uid=1000 gid=8 euid=1000 egid=8 groups=9\n')
  t.equal(
    await says(container, ['-u', '1:2', '-g', '3', '-g', '4'], ids),
    'uid=1 gid=2 euid=1 egid=2 groups=3,4,9\n',
  )
  for (const user of ['root', '-1', '4294967295', '1:x', ''])
    t.match(
      await tsbox(['exec', '--user', user, container.id, ...ids]),
      { status: 1, stderr: /--user/ },
      user,
    )
  t.match(await tsbox(['exec', '--cwd', '/missing', container.id, ...ids]), {
    status: 1,
    stderr: /process\.cwd/,
  })
})

const mask = (text: string, name: string): bigint =>
  BigInt(`0x${new RegExp(`^${name}:\\s+(\\w+)`, 'm').exec(text)?.[1]}`)
const RAW = 1n << 13n

await test('--cap gives a capability more, which nobody can inherit', {}, async ({ t, start, tsbox }) => {
  const container = await start()
  const before = await says(container, [], ['/bin/probe', 'caps'])
  const after = await says(container, ['--cap', 'CAP_NET_RAW'], ['/bin/probe', 'caps'])
  for (const set of ['CapBnd', 'CapPrm', 'CapEff']) t.equal(mask(after, set), mask(before, set) | RAW, set)
  for (const set of ['CapInh', 'CapAmb']) t.equal(mask(after, set), 0n, set)
  t.match(await tsbox(['exec', '--cap', 'CAP_NONE', container.id, 'true']), { status: 1, stderr: /CAP_NONE/ })
})

await test('a written process has the rights and limits of the container unless it says otherwise', {}, async ({
  t,
  dir,
  start,
  tsbox,
}) => {
  const rlimits = [{ type: 'RLIMIT_NOFILE', soft: 77, hard: 88 }]
  const container = await start({ process: { noNewPrivileges: true, oomScoreAdj: 123, rlimits } })
  const file = join(dir, 'process.json')
  const look = ['/bin/sh', '-c', 'cat /proc/self/status /proc/self/oom_score_adj; ulimit -n; ulimit -Hn']
  const rights = (text: string) => text.split('\n').filter(line => /^(Cap|NoNewPrivs|\d+$)/.test(line))
  const written = async (more: Json) => {
    const process = { args: look, cwd: '/', env: [PATH], user: { uid: 0, gid: 0 }, ...more }
    writeFileSync(file, JSON.stringify(process))
    return rights((await tsbox(['exec', '--process', file, container.id])).stdout)
  }
  const own = rights(await says(container, [], look))
  t.same(own.slice(-3), ['123', '77', '88'])
  t.same(await written({}), own)
  const none = await written({ capabilities: {} })
  t.equal(mask(none.join('\n'), 'CapEff'), 0n, 'it may say that it wants none')
})

await test('--no-new-privs', {}, async ({ t, start }) => {
  const container = await start({ process: { noNewPrivileges: false } })
  const words = ['/bin/probe', 'caps']
  t.match(await says(container, [], words), /NoNewPrivs:\s+0/)
  t.match(await says(container, ['--no-new-privs'], words), /NoNewPrivs:\s+1/)
})

await test('--process is a document of its own', {}, async ({ t, dir, start, tsbox }) => {
  const { id } = await start({ process: { env: [PATH, 'FIRST=1'] } })
  const file = join(dir, 'process.json')
  const sets = Object.fromEntries(['bounding', 'effective', 'permitted'].map(set => [set, CAPABILITIES]))
  const process = {
    args: ['/bin/sh', '-c', 'id -u; umask; pwd; env; grep NoNewPrivs /proc/self/status'],
    env: [PATH, 'SECOND=2'],
    cwd: '/bin',
    user: { uid: 5, gid: 5, umask: 0o77 },
    capabilities: sets,
    noNewPrivileges: true,
  }
  writeFileSync(file, JSON.stringify(process))
  const { stdout } = await tsbox(['exec', '--process', file, id])
  t.match(stdout, /^5\n0077\n\/bin\n/)
  t.match(stdout, /^SECOND=2$/m)
  t.notMatch(stdout, /FIRST/)
  writeFileSync(file, JSON.stringify({ ...process, args: [] }))
  t.match(await tsbox(['exec', '--process', file, id]), { status: 1, stderr: /args: / })
  writeFileSync(file, '{"args"')
  t.match(await tsbox(['exec', '--process', file, id]), { status: 1, stderr: /ERR_TSBOX_CONFIG/ })
  t.match(await tsbox(['exec', '--process', join(dir, 'none'), id]), { status: 1, stderr: /--process/ })
})

await test('--detach returns at once; --pid-file has the number on the host', {}, async ({
  t,
  dir,
  start,
  tsbox,
  ok,
}) => {
  const { id, pid } = await start()
  const file = join(dir, 'pid')
  await ok(['exec', '--detach', '--pid-file', file, id, '/bin/probe', 'pause'])
  const joined = Number(readFileSync(file, 'utf8'))
  t.ok(isAlive(joined))
  const numbers = JSON.parse(await ok(['ps', '-f', 'json', id]))
  t.same(numbers.sort(), [await pid(), joined].sort())
  t.equal((await tsbox(['exec', '-d', id, '/bin/missing'])).status, 1, 'what cannot be run is told')
})

await test('a program that cannot be run is told in the words engines look for', {}, async ({
  t,
  start,
  bundle,
  id,
  fails,
  ok,
}) => {
  const { id: running, bundle: made } = await start()
  writeFileSync(join(made.rootfs, 'bin', 'plain'), '#!/bin/sh\n', { mode: 0o644 })
  writeFileSync(join(made.rootfs, 'bin', 'odd'), '#!/bin/no/interpreter\n', { mode: 0o755 })
  for (const [args, words] of [
    [['missing'], /exec: "missing": executable file not found in \$PATH/],
    [['/bin/missing'], /exec: "\/bin\/missing": (stat \/bin\/missing: )?no such file or directory/],
    [['/bin/plain'], /exec: "\/bin\/plain": permission denied/],
    [['/bin'], /permission denied|is a directory/],
    [['/bin/odd'], /no such file or directory/],
  ] as const) {
    t.match(await fails(['exec', running, ...args]), words, `exec ${args[0]}`)
    const name = id()
    const other = bundle(name, { process: { args } })
    writeFileSync(join(other.rootfs, 'bin', 'plain'), '#!/bin/sh\n', { mode: 0o644 })
    writeFileSync(join(other.rootfs, 'bin', 'odd'), '#!/bin/no/interpreter\n', { mode: 0o755 })
    if (args[0] === '/bin/odd') {
      await ok(['create', '--bundle', other.dir, name])
      t.match(await fails(['start', name]), words, 'a missing interpreter is met when it starts')
    } else t.match(await fails(['create', '--bundle', other.dir, name]), words, `create ${args[0]}`)
  }
})

await test('without a PATH the program is named all the same', {}, async ({
  t,
  bundle,
  id,
  fails,
  start,
  dir,
}) => {
  const name = id()
  const made = bundle(name, { process: { args: ['sh'], env: [] } })
  t.match(
    await fails(['create', '--bundle', made.dir, name]),
    /exec: "sh": executable file not found in \$PATH/,
  )
  const { id: running } = await start()
  const file = join(dir, 'process.json')
  writeFileSync(file, JSON.stringify({ args: ['sh'], cwd: '/', user: { uid: 0, gid: 0 } }))
  t.match(
    await fails(['exec', '--process', file, running]),
    /exec: "sh": executable file not found in \$PATH/,
  )
})

await test('a paused container takes nobody in, unless told to', {}, async ({ t, start, ok, fails }) => {
  const { id, state } = await start()
  await ok(['pause', id])
  t.match(await fails(['exec', id, 'true']), /is paused/)
  const joined = ok(['exec', '--ignore-paused', id, 'echo', 'awake'])
  t.match(await state(), { status: 'paused' })
  await ok(['resume', id])
  t.equal(await joined, 'awake\n', 'it waits until the container goes on')
})

await test('labels this host cannot put on are refused', {}, async ({ t, start, fails }) => {
  const { id } = await start()
  t.match(
    await fails(['exec', '--apparmor', 'some-profile', id, 'true']),
    /process\.apparmorProfile: (AppArmor is not|[\s\S]*No AppArmor profile of this name)/,
  )
  t.match(
    await fails(['exec', '--process-label', 'a:b:c:s0', id, 'true']),
    /process\.selinuxLabel: SELinux is not/,
  )
  t.equal(await fails(['exec', '--apparmor', 'unconfined', id, '/bin/probe', 'false']), '')
})
