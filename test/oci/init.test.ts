// The first process of a container, while it waits to be started and after.
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, statSync, writeSync } from 'node:fs'
import { command, outcomeOf } from '../helpers/command.ts'
import { childrenOf, commOf, eventually, exeOf, startProgram } from '../helpers/live-box.ts'
import { MOUNTS, NAMESPACES } from './helpers/config.ts'
import { ociTests } from './helpers/oci-test.ts'

const test = ociTests(import.meta.filename)

/** What a process holds open beside its standard streams. */
const held = (pid: number): readonly string[] =>
  readdirSync(`/proc/${pid}/fd`)
    .filter(fd => Number(fd) > 2)
    .map(fd => readlinkSync(`/proc/${pid}/fd/${fd}`))

await test('A8: who waits at the gate holds sockets and a pipe, and nothing of the host', {}, async ({
  t,
  dir,
  create,
}) => {
  const mounts = [
    ...MOUNTS,
    { destination: '/cg', type: 'cgroup', source: 'cgroup' },
    { destination: '/here', source: dir, options: ['rbind', 'rslave'] },
  ]
  const linux = {
    maskedPaths: ['/proc/kcore'],
    readonlyPaths: ['/proc/sys'],
    sysctl: { 'net.ipv4.ip_forward': '1' },
    namespaces: [...NAMESPACES, { type: 'time' }],
  }
  const container = await create({ mounts, linux, root: { readonly: true } })
  const pid = await container.pid()
  t.same([...new Set(held(pid).map(target => target.replace(/:\[\d+\]/, '')))].sort(), ['pipe', 'socket'])
  t.equal(readlinkSync(`/proc/${pid}/cwd`), '/')
  await container.start()
  t.same(held(pid), [], 'the program holds nothing')
})

await test('A1, A2: it runs from a copy nobody can write', {}, async ({ t, create }) => {
  const { pid, start } = await create()
  const number = await pid()
  t.match(exeOf(number), /^\/memfd:tsbox-shim/)
  t.throws(() => openSync(`/proc/${number}/exe`, 'r+'), /ETXTBSY|EACCES|EPERM/)
  const held = openSync(`/proc/${number}/exe`, 'r')
  await start()
  // It does not run any more, so that only its seals keep it as it is.
  const writable = openSync(`/proc/self/fd/${held}`, 'r+')
  t.throws(() => writeSync(writable, 'x'), /EPERM/)
  for (const fd of [held, writable]) closeSync(fd)
})

/** Whether root without CAP_SYS_PTRACE may look into a process. */
const canLookInto = async (pid: number): Promise<boolean> => {
  const drop = ['--inh-caps=-sys_ptrace', '--bounding-set=-sys_ptrace']
  const { status } = await outcomeOf('setpriv', [...drop, 'readlink', `/proc/${pid}/fd/0`])
  return status === 0
}

await test('it cannot be looked into until it is the program', {}, async ({ t, create }) => {
  const { pid, start } = await create()
  const number = await pid()
  t.equal(await canLookInto(number), false)
  await start()
  t.equal(await canLookInto(number), true)
})

const pss = (pid: number): number =>
  Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1])

await test('what waits takes less than 1 MiB, and what runs is the program alone', {}, async ({
  t,
  create,
  ok,
  marker,
}) => {
  const { id, pid, start } = await create()
  const number = await pid()
  t.ok(pss(number) <= 1024, `${pss(number)} KiB wait`)
  await start()
  t.same(JSON.parse(await ok(['ps', '--format', 'json', id])), [number])
  const ours = readdirSync('/proc').filter(name => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(marker)
    } catch {
      return false
    }
  })
  t.same(ours, [], 'no other process knows of it')
})

await test('run leaves a supervisor and its janitor, no Node, and less than 1 MiB of both', {}, async ({
  t,
  id,
  bundle,
  root,
}) => {
  const name = id()
  const args = ['/bin/sh', '-c', 'echo ready; exec cat']
  const live = startProgram(command(), [
    '--root',
    root,
    'run',
    '--bundle',
    bundle(name, { process: { args } }).dir,
    name,
  ])
  await live.until(/ready/)
  const children = childrenOf(live.pid)
  const left = [live.pid, ...children.filter(pid => exeOf(pid)?.includes('tsbox-shim'))]
  // On a busy machine the program can be there before the janitor has had a turn to name itself.
  await eventually(() => left.map(commOf).includes('tsbox-janitor') || undefined)
  t.same(left.map(commOf), ['tsbox', 'tsbox-janitor'])
  t.equal(children.length, 2, 'and the program')
  const total = left.reduce((sum, pid) => sum + pss(pid), 0)
  t.ok(total <= 1024, `${total} KiB`)
  live.child.stdin?.end()
  t.equal((await live.ended).status, 0)
})

await test('a program that joins is like the first in all that holds it', {}, async ({ t, start }) => {
  const script =
    'cat /proc/self/cgroup; grep -E "^(Cap|NoNewPrivs|Seccomp|Groups|Uid|Gid)" /proc/self/status; probe keyring; cat /proc/self/attr/current 2>/dev/null; probe rlimits; umask; uname -m; probe ns; cat /proc/self/oom_score_adj; pwd; echo end'
  const seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['getpgid'], action: 'SCMP_ACT_ERRNO' }],
  }
  const { exec, says, stdout } = await start({
    process: {
      args: ['/bin/sh', '-c', `${script}; exec sleep 1000`],
      user: { uid: 0, gid: 3, additionalGids: [4], umask: 0o27 },
      rlimits: [{ type: 'RLIMIT_NOFILE', soft: 99, hard: 100 }],
      oomScoreAdj: 321,
      cwd: '/bin',
    },
    linux: { seccomp, personality: { domain: 'LINUX32' }, namespaces: [...NAMESPACES, { type: 'time' }] },
  })
  await says(/end$/m)
  const joined = await exec(['/bin/sh', '-c', script])
  t.equal(joined.stdout, stdout())
  t.match(joined.stdout, /session \d+/)
  t.match(joined.stdout, /Seccomp:\s+2/)
})

await test('what was made for it on the host is what the specification wants, and no more', {}, async ({
  t,
  create,
  root,
}) => {
  const { id } = await create()
  t.same(readdirSync(`${root}/${id}`).sort(), [
    'config.json',
    'container.json',
    'delete.plan',
    'gate',
    'process',
    'start.plan',
  ])
  t.equal(statSync(`${root}/${id}`).mode & 0o777, 0o700)
  t.equal(statSync(`${root}/${id}/gate`).mode & 0o777, 0o600)
  for (const file of ['config.json', 'start.plan', 'delete.plan', 'container.json'])
    t.equal(statSync(`${root}/${id}/${file}`).mode & 0o777, 0o600, file)
})
