// `process` of a configuration: what the program finds itself to be.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PATH } from './helpers/config.ts'
import { type Oci, ociTests } from './helpers/oci-test.ts'

const test = ociTests(import.meta.filename)

/** What a command of the probe printed in a container with this process. */
const probed = async (
  { run }: Oci,
  words: readonly string[],
  process: object = {},
  rest: object = {},
): Promise<string> => {
  const { status, stdout, stderr } = await run({
    ...rest,
    process: { ...process, args: ['/bin/probe', ...words] },
  })
  if (status === 0) return stdout
  throw new Error(stderr)
}

await test('the arguments arrive byte by byte', { shows: ['process.args'] }, async oci => {
  const words = ['', ' two  words ', 'a"b\\c', '$PATH *', '--', '-x', 'ü', 'x'.repeat(100_000)]
  const shown = words.map(word =>
    Buffer.from(word).reduce((text, byte) => {
      const plain = byte > 31 && byte < 127 && byte !== 34 && byte !== 92
      return text + (plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`)
    }, ''),
  )
  const lines = (await probed(oci, ['args', ...words])).split('\n').slice(0, -1)
  oci.t.same(
    lines,
    ['/bin/probe', 'args', ...shown].map(word => `"${word}"`),
  )
})

await test('a program is looked for along PATH of its own environment', {
  shows: ['process.{args,env}'],
}, async oci => {
  const { t, run, id, bundle, tsbox, fails } = oci
  const name = id()
  const { dir, rootfs } = bundle(name, { process: { args: ['tool'], env: ['PATH=/none:/second:/bin'] } })
  mkdirSync(join(rootfs, 'second'))
  writeFileSync(join(rootfs, 'second', 'tool'), '#!/bin/sh\necho second\n', { mode: 0o755 })
  writeFileSync(join(rootfs, 'bin', 'tool'), '#!/bin/sh\necho first\n', { mode: 0o755 })
  t.equal((await tsbox(['run', '--bundle', dir, name])).stdout, 'second\n')
  t.match(
    await fails(['run', '--bundle', bundle(id(), { process: { args: ['tool'] } }).dir, id()]),
    /not found in \$PATH/,
  )
  t.match(
    (await run({ process: { args: ['probe', 'true'], env: [] } })).stderr,
    /not found in \$PATH/,
    'without PATH nothing is looked through',
  )
})

await test('the environment is the one that was given, and HOME', { shows: ['process.env'] }, async oci => {
  const env = ['B=2', 'A=with spaces and = signs', 'EMPTY=', 'B=twice', 'LD_PRELOAD=/x', PATH]
  oci.t.same((await probed(oci, ['env'], { env })).trim().split('\n'), [...env, 'HOME=/'])
  oci.t.match(await oci.refusal({ process: { env: ['A=1', 'no sign'] } }), /process\.env\[1\]/)
})

await test('HOME comes from /etc/passwd of the root, unless it is given', {
  shows: ['process.env'],
}, async oci => {
  const { t, id, bundle, tsbox } = oci
  const homeOf = async (passwd: string | undefined, uid: number, env: readonly string[] = [PATH]) => {
    const name = id()
    const args = ['/bin/sh', '-c', 'echo "$HOME"']
    const { dir, rootfs } = bundle(name, { process: { args, env, user: { uid, gid: uid } } })
    mkdirSync(join(rootfs, 'etc'))
    if (passwd !== undefined) writeFileSync(join(rootfs, 'etc', 'passwd'), passwd)
    return (await tsbox(['run', '--bundle', dir, name])).stdout.trimEnd()
  }
  const passwd =
    'root:x:0:0::/root:/bin/sh\nodd:line\n:x:::/nobody:\nuser:x:1000:1000:A B:/home/user:/bin/sh\nno:x:7:7:::\n'
  t.equal(await homeOf(passwd, 0), '/root')
  t.equal(await homeOf(passwd, 1000), '/home/user')
  t.equal(await homeOf(passwd, 7), '/')
  t.equal(await homeOf(passwd, 8), '/', 'a user nobody knows')
  t.equal(await homeOf(undefined, 0), '/', 'without the file')
  t.equal(await homeOf(passwd, 0, ['HOME=/mine', PATH]), '/mine')
})

await test('the working directory is made when it is missing', { shows: ['process.cwd'] }, async oci => {
  oci.t.equal(await probed(oci, ['cwd'], { cwd: '/bin' }), '/bin\n')
  const script = 'pwd; stat -c "%u %g %a" .; touch x'
  oci.t.equal(
    await oci.script(script, { process: { cwd: '/a/new/directory' } }),
    '/a/new/directory\n0 0 755\n',
  )
  oci.t.match(await oci.refusal({ process: { cwd: 'bin' } }), /process\.cwd: .*absolute/)
  oci.t.match(await oci.refusal({ process: { cwd: '/bin/sh' } }), /process\.cwd/)
})

await test('user, group and further groups', {
  shows: ['process.user.{uid,gid,additionalGids}'],
}, async oci => {
  const user = { uid: 12345, gid: 23456, additionalGids: [7, 9, 4294967294, 7] }
  oci.t.equal(
    await probed(oci, ['ids'], { user }),
    'uid=12345 gid=23456 euid=12345 egid=23456 groups=7,9,4294967294\n',
  )
  oci.t.equal(await probed(oci, ['ids'], { user: { uid: 0, gid: 0 } }), 'uid=0 gid=0 euid=0 egid=0 groups=\n')
  oci.t.match(await oci.refusal({ process: { user: { uid: 4294967295, gid: 0 } } }), /process\.user\.uid/)
})

await test('umask', { shows: ['process.user.umask'] }, async oci => {
  oci.t.equal(await probed(oci, ['umask'], { user: { uid: 0, gid: 0, umask: 0o137 } }), '0137\n')
  oci.t.equal(await probed(oci, ['umask']), '0022\n')
})

const limits = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map(line => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]),
  )

await test('resource limits', { shows: ['process.rlimits[].{type,soft,hard}'] }, async oci => {
  const { t, refusal } = oci
  const names = [
    'CPU',
    'FSIZE',
    'DATA',
    'STACK',
    'CORE',
    'RSS',
    'NPROC',
    'NOFILE',
    'MEMLOCK',
    'AS',
    'LOCKS',
    'SIGPENDING',
    'MSGQUEUE',
    'NICE',
    'RTPRIO',
    'RTTIME',
  ]
  const big = 1024 * 2 ** 20
  const wanted: Readonly<Record<string, readonly [number, number]>> = {
    DATA: [big, big * 2],
    STACK: [8 * 2 ** 20, 64 * 2 ** 20],
    FSIZE: [big, big],
    RSS: [big, big],
    AS: [big, big * 2],
    MEMLOCK: [1000, 2000],
    NICE: [0, 0],
    RTPRIO: [0, 0],
  }
  const rows = names.map((name, i) => [name, wanted[name] ?? [100 + i, 200 + i]] as const)
  const rlimits = rows.map(([name, [soft, hard]]) => ({ type: `RLIMIT_${name}`, soft, hard }))
  t.same(
    limits(await probed(oci, ['rlimits'], { rlimits })),
    Object.fromEntries(rows.map(([name, [soft, hard]]) => [name.toLowerCase(), `${soft} ${hard}`])),
  )
  const unlimited = { type: 'RLIMIT_CPU', soft: 2n ** 64n - 1n, hard: 2n ** 64n - 1n }
  t.match(await probed(oci, ['rlimits'], { rlimits: [unlimited] }), /^cpu unlimited unlimited$/m)
  t.match(
    await refusal({ process: { rlimits: [{ type: 'RLIMIT_X', soft: 1, hard: 1 }] } }),
    /process\.rlimits\[0\]\.type/,
  )
})

await test('the limit of open files is that of the caller, not the one Node raised', {
  shows: ['process.rlimits[].type'],
}, async oci => {
  const { t, id, bundle, tsbox } = oci
  const name = id()
  const { dir } = bundle(name, { process: { args: ['/bin/probe', 'rlimits'] } })
  const before = ['sh', '-c', 'ulimit -Sn 321; ulimit -Hn 4321; "$@"; exit $?', 'sh']
  const { stdout } = await tsbox(['run', '--bundle', dir, name], { before })
  t.equal(limits(stdout).nofile, '321 4321')
})

await test('no_new_privs is on or off as it is said', { shows: ['process.noNewPrivileges'] }, async oci => {
  oci.t.match(await probed(oci, ['caps'], { noNewPrivileges: true }), /NoNewPrivs:\s+1/)
  oci.t.match(await probed(oci, ['caps'], { noNewPrivileges: false }), /NoNewPrivs:\s+0/)
  oci.t.match(await probed(oci, ['caps'], { noNewPrivileges: undefined }), /NoNewPrivs:\s+0/)
})

await test('how readily the program is killed for memory', { shows: ['process.oomScoreAdj'] }, async oci => {
  const read = ['cat', '/proc/self/oom_score_adj']
  oci.t.equal(await probed(oci, read, { oomScoreAdj: 789 }), '789\n')
  oci.t.equal(await probed(oci, read, { oomScoreAdj: 0 }), '0\n')
  const outcome = await oci.run({ process: { oomScoreAdj: -500, args: ['/bin/probe', ...read] } })
  // Without CAP_SYS_RESOURCE nobody can be protected; that is said, and not left out.
  if (outcome.status === 0) oci.t.equal(outcome.stdout, '-500\n')
  else oci.t.match(outcome.stderr, /process\.oomScoreAdj: .*permission denied/)
  oci.t.match(await oci.refusal({ process: { oomScoreAdj: 1001 } }), /process\.oomScoreAdj/)
})

await test('labels are refused by name where the kernel cannot put them on', {
  shows: ['process.{apparmorProfile,selinuxLabel}', 'linux.mountLabel'],
}, async ({ t, refusal, run }) => {
  t.match(
    await refusal({ process: { apparmorProfile: 'some-profile' } }),
    /process\.apparmorProfile: (AppArmor is not enabled|[\s\S]*No AppArmor profile of this name)/,
  )
  t.match(
    await refusal({ process: { selinuxLabel: 'system_u:system_r:svirt_lxc_net_t:s0' } }),
    /process\.selinuxLabel: SELinux is not/,
  )
  t.match(
    await refusal({ linux: { mountLabel: 'system_u:object_r:svirt_sandbox_file_t:s0' } }),
    /linux\.mountLabel: SELinux is not/,
  )
  const process = { args: ['/bin/true'], apparmorProfile: 'unconfined', selinuxLabel: '' }
  t.match(
    await run({ process, linux: { mountLabel: '' } }),
    { status: 0, stderr: '' },
    'no label is asked for',
  )
})

await test('fields of other platforms are refused', {
  shows: ['process.commandLine', 'process.user.username', '{windows,solaris,vm,zos,freebsd}'],
}, async ({ t, refusal }) => {
  t.match(await refusal({ process: { commandLine: 'cmd.exe' } }), /process\.commandLine: /)
  t.match(
    await refusal({ process: { user: { uid: 0, gid: 0, username: 'root' } } }),
    /process\.user\.username: /,
  )
  for (const platform of ['windows', 'solaris', 'vm', 'zos', 'freebsd'])
    t.match(await refusal({ [platform]: {} }), new RegExp(`tsbox: ${platform}: `))
})
