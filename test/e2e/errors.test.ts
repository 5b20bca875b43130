// Every way `tsbox run` refuses: a typed error in one to three lines, with what to try, the documented status, nothing left.
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { boxTests } from '../helpers/box-test.ts'
import { command, type Outcome, outcomeOf, tsbox } from '../helpers/command.ts'
import { HOST } from '../helpers/groups.ts'
import { eventually, startBox } from '../helpers/live-box.ts'
import { quoted } from '../helpers/pty.ts'

const test = boxTests(import.meta.filename)

type Check = {
  t: Parameters<Parameters<typeof test>[1]>[0]['t']
  outcome: Outcome
  code: string
  status?: number
  what: string
}

/** One error: its first line ends with its code; nothing on standard output; at most three lines, and no stack trace. */
const isError = ({ t, outcome, code, status = 125, what }: Check): void => {
  const lines = outcome.stderr.trimEnd().split('\n')
  t.equal(outcome.status, status, `${what}: status ${outcome.status}`)
  t.equal(outcome.stdout, '', `${what}: nothing on standard output`)
  t.match(lines[0] ?? '', new RegExp(`^tsbox: .+ \\[${code}\\]$`), what)
  t.ok(lines.length <= 3, `${what}: ${lines.length} lines`)
  t.ok(
    lines.slice(1).every(line => line.startsWith('  ')),
    `${what}: the rest is what to try`,
  )
}

const WRONG: readonly (readonly [what: string, code: string, ...args: string[]])[] = [
  ['an unknown flag', 'ERR_TSBOX_USAGE', '--no-such-flag', 'true'],
  [
    'one file for receipt and trace',
    'ERR_TSBOX_USAGE',
    '--receipt',
    '/tmp/same',
    '--trace',
    '/tmp/same',
    'true',
  ],
  ['an unknown short flag', 'ERR_TSBOX_USAGE', '-Z', 'true'],
  ['a flag with a typing error', 'ERR_TSBOX_USAGE', '--memor', '1g', 'true'],
  ['a value for a switch', 'ERR_TSBOX_USAGE', '--privileged=yes', 'true'],
  ['a flag without its value', 'ERR_TSBOX_USAGE', '--memory'],
  ['no program', 'ERR_TSBOX_USAGE'],
  ['no program after --', 'ERR_TSBOX_USAGE', '--'],
  ['two kinds of root', 'ERR_TSBOX_USAGE', '--rootfs', '/tmp', '--layer', '/tmp', 'true'],
  ['an upper layer over nothing', 'ERR_TSBOX_USAGE', '--upper', '/tmp', 'true'],
  ['an unknown root', 'ERR_TSBOX_USAGE', '--root', 'moon', 'true'],
  ['an unknown network', 'ERR_TSBOX_USAGE', '--net', 'bridge', 'true'],
  ['a bad volume', 'ERR_TSBOX_USAGE', '-v', '/tmp', 'true'],
  ['a bad tmpfs', 'ERR_TSBOX_USAGE', '--tmpfs', '/x:colour=blue', 'true'],
  ['a receipt in a directory that is not there', 'ERR_TSBOX_USAGE', '--receipt', '/none/receipt', 'true'],
  ['a receipt that is a directory', 'ERR_TSBOX_USAGE', '--receipt', '/tmp', 'true'],
  ['a bad size', 'ERR_TSBOX_SIZE', '--memory', '64X', 'true'],
  ['a negative size', 'ERR_TSBOX_SIZE', '--memory=-1', 'true'],
  ['a bad number of processors', 'ERR_TSBOX_SIZE', '--cpus', 'many', 'true'],
  ['a bad number of processes', 'ERR_TSBOX_SIZE', '--pids', '1.5', 'true'],
  ['a bad time', 'ERR_TSBOX_SIZE', '--timeout', '5 minutes', 'true'],
  ['a time beyond what can be kept', 'ERR_TSBOX_SIZE', '--timeout', '2000h', 'true'],
  ['no processes at all', 'ERR_TSBOX_SPEC', '--pids', '0', 'true'],
  ['a bad list of processors', 'ERR_TSBOX_SPEC', '--cpuset-cpus', 'all', 'true'],
  ['a name that would be a path', 'ERR_TSBOX_SPEC', '--name', '../etc', 'true'],
  ['a bad host name', 'ERR_TSBOX_SPEC', '--hostname', 'two words', 'true'],
  ['a relative working directory', 'ERR_TSBOX_SPEC', '-w', 'src', 'true'],
  ['an unknown capability', 'ERR_TSBOX_SPEC', '--cap-add', 'FLY', 'true'],
  ['an unknown signal', 'ERR_TSBOX_SPEC', '--stop-signal', 'SIGNOTHING', 'true'],
  ['an unknown resource limit', 'ERR_TSBOX_SPEC', '--ulimit', 'luck=1', 'true'],
  ["a parameter of the host's kernel", 'ERR_TSBOX_SPEC', '--sysctl', 'kernel.panic=1', 'true'],
  ['a volume over the root', 'ERR_TSBOX_SPEC', '-v', '/tmp:/', 'true'],
  ['a volume in /proc', 'ERR_TSBOX_SPEC', '-v', '/tmp:/proc/self', 'true'],
  ['a cgroup parent with ..', 'ERR_TSBOX_SPEC', '--cgroup-parent', '/a/../..', 'true'],
  ['a rootfs that is not there', 'ERR_TSBOX_ROOTFS', '--rootfs', '/no/such/root', 'true'],
  ['a rootfs that is a file', 'ERR_TSBOX_ROOTFS', '--rootfs', '/proc/version', 'true'],
  ["the host's own root as a rootfs", 'ERR_TSBOX_ROOTFS', '--rootfs', '/', 'true'],
  ['a layer that is not there', 'ERR_TSBOX_ROOTFS', '--layer', '/no/such/layer', 'true'],
  ['a volume that is not there', 'ERR_TSBOX_ROOTFS', '-v', '/no/such/source:/x', 'true'],
  ['a name of 300 bytes as a rootfs', 'ERR_TSBOX_ROOTFS', '--rootfs', 'n'.repeat(300), 'true'],
  ['a name of 300 bytes as a volume', 'ERR_TSBOX_ROOTFS', '-v', `${'n'.repeat(300)}:/x`, 'true'],
  ['a layer below a file', 'ERR_TSBOX_ROOTFS', '--layer', '/etc/passwd/x', 'true'],
  ['a volume below a file', 'ERR_TSBOX_ROOTFS', '-v', '/etc/passwd/x:/x', 'true'],
  ['a receipt below a file', 'ERR_TSBOX_USAGE', '--receipt', '/etc/passwd/x', 'true'],
  ['a trace below a file', 'ERR_TSBOX_USAGE', '--trace', '/etc/passwd/x', 'true'],
  ['an option of volumes that there is none of', 'ERR_TSBOX_USAGE', '-v', '/tmp:/x:rx', 'true'],
  ['two options of a volume', 'ERR_TSBOX_USAGE', '-v', '/tmp:/x:ro:ro', 'true'],
  ['a relative target', 'ERR_TSBOX_USAGE', '-v', '/tmp:x', 'true'],
  ['a variable without a name', 'ERR_TSBOX_USAGE', '-e', '', 'true'],
  ['a resource limit beyond exact numbers', 'ERR_TSBOX_SPEC', '--ulimit', 'core=9007199254740993', 'true'],
  ['too many words', 'ERR_TSBOX_SPEC', 'true', ...Array.from({ length: 17_000 }, () => 'x')],
  ['a kernel parameter that there is none of', 'ERR_TSBOX_STEP', '--sysctl', 'net.ipv4.nosuch=1', 'true'],
  ['a program with a name of 300 bytes', 'ERR_TSBOX_NOT_EXECUTABLE', 'n'.repeat(300)],
  ['no such program', 'ERR_TSBOX_NOT_FOUND', 'no-such-program'],
  ['a file that cannot be executed', 'ERR_TSBOX_NOT_EXECUTABLE', '/etc/os-release'],
]

const STATUS: Readonly<Record<string, number>> = { ERR_TSBOX_NOT_FOUND: 127, ERR_TSBOX_NOT_EXECUTABLE: 126 }

await test('what is asked for wrongly is refused with its code, in a few lines, with its status', async ({
  t,
}) => {
  for (const [what, code, ...args] of WRONG) {
    isError({ t, outcome: await tsbox(['run', ...args]), code, status: STATUS[code] ?? 125, what })
  }
})

await test('links that form a loop are told by the option that names them', async ({ t, dir }) => {
  const loop = join(dir, 'loop')
  symlinkSync('loop', loop)
  symlinkSync('nowhere', join(dir, 'dangling'))
  for (const args of [
    ['--rootfs', loop],
    ['--layer', loop],
    ['--layer', '/usr', '--upper', loop],
    ['-v', `${loop}:/x`],
    ['-v', `${join(dir, 'dangling')}:/x`],
  ]) {
    const outcome = await tsbox(['run', ...args, 'true'])
    isError({ t, outcome, code: 'ERR_TSBOX_ROOTFS', what: args.join(' ') })
    t.ok(outcome.stderr.trimEnd().split('\n').length > 1, 'with what to try')
  }
})

await test('what is wrong in a file is told with the file and the option', async ({ t, dir }) => {
  const file = join(dir, 'file')
  writeFileSync(file, 'A=b\0c\n')
  const variables = await tsbox(['run', '--env-file', file, 'true'])
  isError({ t, outcome: variables, code: 'ERR_TSBOX_USAGE', what: 'a NUL byte' })
  t.match(variables.stderr, /^tsbox: --env-file: ".*file" has a NUL byte/)
  const profile = await tsbox(['run', '--security-opt', `seccomp=${file}`, 'true'])
  isError({ t, outcome: profile, code: 'ERR_TSBOX_CONFIG', what: 'no JSON' })
  t.match(profile.stderr, /^tsbox: --security-opt: .*file: /)
})

await test('of a resource limit that is said twice the last holds, and a small one hinders no set-up', async ({
  t,
  name,
}) => {
  for (const [args, expected] of [
    [['--ulimit', 'nofile=10', '--ulimit', 'nofile=20'], '20'],
    [['--ulimit', 'nofile=20', '--ulimit', 'nofile=10'], '10'],
  ] as const)
    t.match(await tsbox(['run', '--name', name(), ...args, 'sh', '-c', 'ulimit -n']), {
      status: 0,
      stdout: `${expected}\n`,
    })
  const least = await tsbox([
    'run',
    '--name',
    name(),
    '--ulimit',
    'nofile=3',
    'sh',
    '-c',
    'echo in; ulimit -n',
  ])
  t.match(least.stderr, /^(?!.*ERR_TSBOX)/s, 'what does not run with so few is the program')
})

await test('a time in no known form is told with forms that the option takes', async ({ t }) => {
  for (const option of ['--timeout', '--stop-timeout']) {
    const { stderr } = await tsbox(['run', option, 'abc', 'true'])
    t.match(stderr, /is not a time \[ERR_TSBOX_SIZE\]\n {2}Write a number with us, ms, s, m or h/)
    t.notMatch(stderr, /\(250\)/)
  }
})

await test('without /proc the command says so', async ({ t }) => {
  const line = [command(), 'run', 'true'].map(quoted).join(' ')
  const outcome = await outcomeOf('unshare', ['-m', 'sh', '-c', `umount -l /proc && exec ${line}`])
  t.match(outcome, { status: 125, stderr: /^tsbox: .*\/proc/ })
  t.notMatch(outcome.stderr, /make install/)
})

await test('a typing error is answered with what was probably meant', async ({ t }) => {
  t.match((await tsbox(['run', '--memor', '1g', 'true'])).stderr, 'Did you mean --memory?')
  t.match((await tsbox(['rnu', 'true'])).stderr, 'ERR_TSBOX_USAGE')
  t.equal((await tsbox(['rnu', 'true'])).status, 125)
})

await test('not root: said before anything is tried', async ({ t, name }) => {
  // The right to read is kept, so that this holds wherever the command is installed.
  const rights = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search']
  // What the test runner has Node load in its children writes files at their end, as this user cannot.
  const plain = ['env', '-u', 'NODE_OPTIONS', command()]
  const user = ['--reuid', '65534', '--regid', '65534', '--clear-groups', ...rights]
  const outcome = await outcomeOf('setpriv', [...user, ...plain, 'run', '--name', name(), 'true'])
  isError({ t, outcome, code: 'ERR_TSBOX_NOT_ROOT', what: 'not root' })
  t.match(outcome.stderr, 'sudo')
  const help = await outcomeOf('setpriv', [...user, ...plain, 'run', '--help'])
  t.equal(help.status, 0, 'help is for everyone')
  const plan = await outcomeOf('setpriv', [...user, ...plain, 'run', '--dry-run', 'true'])
  t.equal(plan.status, 0, 'and so is the plan')
})

const MOUNTS = [...new Set([HOST.unified?.mount, ...Object.values(HOST.v1)])].filter(
  mount => mount !== undefined,
)

await test('a cgroup file system that cannot be written', async ({ t, inProbe }) => {
  const line = [command(), 'run', ...inProbe(), '/bin/probe', 'true'].map(quoted).join(' ')
  // In a mount namespace of the test's own.
  const frozen = MOUNTS.map(mount => `mount -o remount,bind,ro ${quoted(mount)}`).join(' && ')
  const outcome = await outcomeOf('unshare', ['-m', 'sh', '-c', `${frozen} && exec ${line}`])
  isError({ t, outcome, code: 'ERR_TSBOX_CGROUP', what: 'read-only cgroups' })
  t.match(outcome.stderr, 'read-only')
})

await test('a /run that cannot be written', async ({ t, inProbe }) => {
  const line = [command(), 'run', ...inProbe(), '/bin/probe', 'true'].map(quoted).join(' ')
  const outcome = await outcomeOf('unshare', [
    '-m',
    'sh',
    '-c',
    `mount -t tmpfs -o ro tmpfs /run && exec ${line}`,
  ])
  isError({ t, outcome, code: 'ERR_TSBOX_STEP', what: 'read-only /run' })
  t.match(outcome.stderr, '/run must be writable')
})

await test('a mount that is refused: below a file, over a link where /proc belongs', async box => {
  const { t, inProbe, rootfs, dir } = box
  const below = await tsbox(['run', '--tmpfs', '/bin/probe/x', ...inProbe('a'), '/bin/probe', 'true'])
  isError({ t, outcome: below, code: 'ERR_TSBOX_STEP', what: 'a tmpfs below a file' })
  const onFile = await tsbox(['run', '-v', `${dir}:/bin/probe`, ...inProbe('b'), '/bin/probe', 'true'])
  isError({ t, outcome: onFile, code: 'ERR_TSBOX_STEP', what: 'a directory over a file' })
  const hostile = join(dir, 'hostile')
  mkdirSync(hostile)
  symlinkSync('/etc', join(hostile, 'proc'))
  const link = await tsbox(['run', '--rootfs', hostile, ...inProbe('c').slice(2), '/bin/probe', 'true'])
  isError({ t, outcome: link, code: 'ERR_TSBOX_STEP', what: 'a link at /proc' })
  t.match(link.stderr, 'such a root is refused')
  writeFileSync(join(rootfs, 'file'), '')
})

await test('a name that is taken, while its box runs and not after', async ({ t, inProbe }) => {
  const live = startBox(['run', ...inProbe(), '/bin/probe', 'winch'])
  await live.until(/ready/)
  const second = await tsbox(['run', ...inProbe(), '/bin/probe', 'true'])
  isError({ t, outcome: second, code: 'ERR_TSBOX_NAME_TAKEN', what: 'name taken' })
  t.match(second.stderr, 'choose another --name')
  live.child.kill('SIGUSR1')
  t.equal((await live.ended).status, 138, 'the first goes on meanwhile, and ends by itself')
  t.equal((await tsbox(['run', ...inProbe(), '/bin/probe', 'true'])).status, 0)
})

await test('of boxes that race for one name exactly one runs; the others are told, and harm nothing', async box => {
  const { t, inProbe } = box
  const racers = Array.from({ length: 6 }, () => startBox(['run', ...inProbe(), '/bin/probe', 'winch']))
  const isOver = (live: (typeof racers)[number]) => live.child.exitCode !== null
  t.ok(await eventually(() => racers.filter(isOver).length === 5 || undefined), 'five have ended')
  const winner = racers.find(live => !isOver(live))
  if (winner === undefined) throw new Error('one of them runs')
  await winner.until(/ready/)
  for (const loser of racers.filter(live => live !== winner)) {
    isError({ t, outcome: await loser.ended, code: 'ERR_TSBOX_NAME_TAKEN', what: 'a loser' })
  }
  winner.child.kill('SIGTERM')
  t.equal((await winner.ended).status, 143)
})

await test('a cgroup of that name that is not ours is left alone', async ({ t, inProbe, name }) => {
  const parent = `/${name('parent')}`
  const mount = HOST.v1.pids ?? HOST.unified?.mount ?? ''
  const group = `${mount}${parent}/${name()}`
  mkdirSync(group, { recursive: true })
  try {
    const outcome = await tsbox(['run', '--cgroup-parent', parent, ...inProbe(), '/bin/probe', 'true'])
    isError({ t, outcome, code: 'ERR_TSBOX_CGROUP', what: 'a group that exists' })
    t.match(outcome.stderr, 'not a box of ours')
    t.ok(existsSync(group), 'it is still there')
  } finally {
    await outcomeOf('rmdir', [group, `${mount}${parent}`])
  }
})

await test('a limit so small that the box cannot be set up', async ({ t, inProbe }) => {
  const { status, stderr } = await tsbox(['run', '--memory', '16k', ...inProbe(), '/bin/probe', 'true'])
  t.equal(status, 125)
  t.match(stderr, /ERR_TSBOX_(SHIM_DIED|STEP)/)
  t.ok(stderr.trimEnd().split('\n').length <= 3)
})

await test('a time so short that the program hardly begins', async ({ t, inProbe }) => {
  const outcome = await tsbox(['run', '--timeout', '0.001ms', ...inProbe(), '/bin/probe', 'sleep', '9'])
  t.match(outcome.stderr, /time limit/)
  t.notMatch(outcome.stderr, /memory|signal 9/, 'and not for a reason that is none')
})

await test('names with control characters are shown, not sent to the terminal', async ({ t, dir }) => {
  const { stderr } = await tsbox(['run', '--rootfs', join(dir, 'a\x1b[2Jb\u202ec'), 'true'])
  t.notMatch(stderr, '\x1b')
  t.notMatch(stderr, '\u202e')
  t.match(stderr, '\\u001b')
})

await test('a receipt that cannot be written when the box has ended is an error, not a stack trace', async box => {
  const { t, inProbe } = box
  const outcome = await tsbox(['run', '--receipt', '/proc/receipt', ...inProbe(), '/bin/probe', 'true'])
  isError({ t, outcome, code: 'ERR_TSBOX_USAGE', what: 'an unwritable receipt' })
})
