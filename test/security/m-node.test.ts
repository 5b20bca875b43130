import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { attack, attackRootfs, hostileEnvironment, ready } from '../helpers/attack.ts'
import { boxesOf, collect, withLeakedFds } from '../helpers/boxes.ts'
import { command, outcomeOf } from '../helpers/command.ts'
import { NOTHING, settled } from '../helpers/residue.ts'

// Family M: what is particular to a launcher in TypeScript.
const boxes = boxesOf('sec-m')
const CALLS =
  'trace=%file,%process,setuid,setresuid,setreuid,setgid,setresgid,setgroups,setns,unshare,mount,chroot,capset'

interface Trace {
  /** System calls of the program until it became the shim. */
  readonly node: readonly string[]
  /** And after that. */
  readonly shim: readonly string[]
}

const traced = async (argv: readonly [string, ...string[]], file: string): Promise<Trace> => {
  await outcomeOf('strace', ['-f', '-qq', '-s', '300', '-o', file, '-e', CALLS, ...argv], {
    patience: 60_000,
  })
  const lines = readFileSync(file, 'latin1').split('\n')
  const turn = lines.findIndex(line => /execve\("[^"]*tsbox-shim"/.test(line))
  return turn < 0 ? { node: lines, shim: [] } : { node: lines.slice(0, turn), shim: lines.slice(turn) }
}

const straceIsHere = async () => (await outcomeOf('strace', ['-V']).catch(() => undefined)) !== undefined

/** Calls on paths inside a directory, and calls on the directory itself that do more than look whether it is there. */
const touching = (lines: readonly string[], dir: string) =>
  lines.filter(line => {
    if (!line.includes(dir) || /execve\("/.test(line)) return false
    return (
      line.includes(`${dir}/`) ||
      !/^\d+ +(stat|lstat|statx|newfstatat|readlink|readlinkat|access|faccessat2?)\(/.test(line)
    )
  })

t.test('M1: Node touches nothing inside a root, a layer or a volume', async t => {
  if (!(await straceIsHere())) return t.comment('strace is not installed: not looked at')
  const dir = t.testdir({ volume: {}, layer: {} })
  const rootfs = attackRootfs(join(dir, 'rootfs'))
  const layer = join(dir, 'layer')
  mkdirSync(join(layer, 'etc'))
  const ways = [
    ['--rootfs', rootfs, '-v', `${dir}/volume:/v/new`, '--tmpfs', '/t', '-w', '/bin', '-u', '1000'],
    ['--layer', layer, '--layer', rootfs, '--receipt', join(dir, 'receipt')],
  ]
  for (const options of ways) {
    const trace = await traced(
      [command(), ...boxes.args(options, ['/bin/probe', 'true'])],
      join(dir, 'trace'),
    )
    t.ok(trace.node.length > 20 && trace.shim.length > 20, 'both were seen')
    for (const path of [rootfs, layer, join(dir, 'volume')])
      t.same(touching(trace.node, path), [], `${path.replace(dir, '')} ${options[0]}`)
    t.ok(touching(trace.shim, rootfs).length > 0, 'the shim opens the root')
  }
  const script = `require('node:fs').readdirSync(process.argv[1] + '/bin'); require('node:fs').mkdirSync(process.argv[1] + '/x')`
  const careless = await traced([process.execPath, '-e', script, rootfs], join(dir, 'trace'))
  t.equal(touching(careless.node, rootfs).length, 2, 'a program that does is caught at it')
})

const PRIVILEGE =
  /\b(setuid|setresuid|setreuid|setgid|setresgid|setgroups|setns|unshare|mount|chroot|pivot_root|capset)\(|CLONE_NEW/

t.test('M2: only the shim changes namespaces and users, and it has one thread', async t => {
  if (!(await straceIsHere())) return t.comment('strace is not installed: not looked at')
  const dir = t.testdir()
  const rootfs = attackRootfs(join(dir, 'rootfs'))
  const { node, shim } = await traced(
    [command(), ...boxes.args(['--rootfs', rootfs, '-u', '1000'], ['/bin/probe', 'true'])],
    join(dir, 'trace'),
  )
  t.same(
    node.filter(line => PRIVILEGE.test(line)),
    [],
    'Node does none of it',
  )
  t.ok(
    node.some(line => /CLONE_THREAD/.test(line)),
    'Node has threads',
  )
  t.same(
    shim.filter(line => /CLONE_THREAD|CLONE_VM/.test(line)),
    [],
    'the shim has none',
  )
  t.ok(
    shim.some(line => /CLONE_NEWPID/.test(line)) && shim.some(line => /setresuid/.test(line)),
    'and does the rest',
  )
})

t.test('M3: root’s own environment reaches the first Node and goes no further', async t => {
  const dir = t.testdir()
  const rootfs = attackRootfs(join(dir, 'rootfs'))
  const { log, env } = hostileEnvironment(dir)
  const { stdout, stderr, status } = await boxes.run(
    ['--rootfs', rootfs, '--receipt', join(dir, 'receipt')],
    ['/bin/probe', 'env'],
    { env },
  )
  t.equal(status, 0, stderr)
  t.same(
    readFileSync(log, 'utf8'),
    'run\n',
    'NODE_OPTIONS is trusted like the rest of root’s environment, once: not by the Node that reports',
  )
  t.notMatch(stdout, /NODE_OPTIONS|LD_PRELOAD|TSBOX/, 'and none of it is in the box')
  t.equal(JSON.parse(readFileSync(join(dir, 'receipt'), 'utf8')).exitStatus, 0)
})

t.test('M4: a variable called __proto__ is a variable like any other', async t => {
  const rootfs = attackRootfs(join(t.testdir(), 'rootfs'))
  const file = join(t.testdirName, 'env')
  writeFileSync(file, '__proto__=from-a-file\nconstructor=b\n')
  const one = await boxes.run(
    ['--rootfs', rootfs, '-e', '__proto__=polluted', '-e', 'constructor=a'],
    ['/bin/probe', 'env'],
  )
  t.match(one.stdout, /^constructor=a$/m)
  t.match(one.stdout, /^__proto__=polluted$/m)
  const two = await boxes.run(['--rootfs', rootfs, '--env-file', file], ['/bin/probe', 'env'])
  t.match(two.stdout, /^__proto__=from-a-file$/m)
  for (const key of ['__proto__', 'constructor', 'toString'])
    t.equal(
      (await boxes.run(['--rootfs', rootfs, '--sysctl', `${key}=1`], ['/bin/probe', 'true'])).status,
      125,
      `--sysctl ${key}`,
    )
  for (const value of ['9007199254740993', '1e400', '0x10', '-1', 'NaN'])
    t.equal(
      (await boxes.run(['--rootfs', rootfs, '--pids', value], ['/bin/probe', 'true'])).status,
      125,
      `--pids ${value}`,
    )
})

t.test('M5: the supervisor holds no descriptor that its caller left open', async t => {
  const rootfs = attackRootfs(join(t.testdir(), 'rootfs'))
  // The shell stays in between, to say which process it is.
  const script = `"$@" & pid=$!; until readlink /proc/$pid/exe | grep -q memfd; do sleep 0.05; done; sleep 0.1; for fd in /proc/$pid/fd/*; do echo "$fd $(readlink $fd)"; done; kill $pid; wait`
  const argv = [
    'sh',
    '-c',
    script,
    'sh',
    command(),
    ...boxes.args(['--rootfs', rootfs], ['/bin/probe', 'pause']),
  ] as const
  const { stdout } = await withLeakedFds([...argv], { path: '/etc', fds: [5, 7, 12, 40] })
  t.match(stdout, /memfd:tsbox-plan/, 'its own are there')
  t.notMatch(stdout, / \/etc$/m, 'those of its caller are not')
})

t.test('M6: no command line is ever built for a shell', t => {
  const root = join(import.meta.dirname, '..', '..', 'packages')
  const BANNED = /\b(execSync|fork)\(|\bshell:|\bexec\(\s*[`'"]|from 'node:vm'|\beval\(|new Function\(/
  const files = readdirSync(root).flatMap(name => {
    const src = join(root, name, 'src')
    try {
      return readdirSync(src, { recursive: true, encoding: 'utf8' })
        .filter(file => file.endsWith('.ts'))
        .map(file => join(src, file))
    } catch {
      return []
    }
  })
  t.ok(files.length > 50)
  const found = files
    .filter(file => BANNED.test(readFileSync(file, 'utf8')))
    .map(file => file.replace(root, ''))
  t.same(
    found.filter(file => !ALLOWED.has(file)),
    [],
  )
  t.ok(
    BANNED.test("execSync('ls ' + dir)") && BANNED.test('spawn(x, { shell: true })'),
    'such lines would be found',
  )
  t.end()
})

/** The command's own code cache is a compiled script. */
const ALLOWED: ReadonlySet<string> = new Set(['/cli/src/launch.ts'])

t.test('M7: an argument that is not UTF-8 arrives as it is, or is refused', async t => {
  const rootfs = attackRootfs(join(t.testdir(), 'rootfs'))
  const args = boxes.args(['--rootfs', rootfs], ['/bin/probe', 'args'])
  const { stdout, status } = await outcomeOf('bash', [
    '-c',
    `exec "$@" $'a\\xffb' $'\\xed\\xa0\\x80'`,
    'bash',
    command(),
    ...args,
  ])
  if (status === 0) t.match(stdout, '"a\\xffb"\n"\\xed\\xa0\\x80"\n')
  else t.equal(status, 125)
  const good = await boxes.run(['--rootfs', rootfs], ['/bin/probe', 'args', 'é\ufffd😀'])
  t.match(good.stdout, '"\\xc3\\xa9\\xef\\xbf\\xbd\\xf0\\x9f\\x98\\x80"')
})

t.test('M11: a box starts for a caller that ignores its children and blocks every signal', async t => {
  const rootfs = attackRootfs(join(t.testdir(), 'rootfs'))
  const deaf = (program: string[], ...options: string[]) =>
    outcomeOf(attack(), ['quiet', command(), ...boxes.args(['--rootfs', rootfs, ...options], program)])
  for (const options of [[], ['--init']]) {
    const { stdout, status } = await deaf(['/bin/probe', 'status'], ...options)
    t.equal(status, 0, `it runs ${options}`)
    for (const name of ['SigBlk', 'SigIgn', 'SigCgt', 'SigPnd'])
      t.match(stdout, new RegExp(`^${name}:\\t0+$`, 'm'), name)
  }
  t.equal((await deaf(['/bin/probe', 'exit', '7'])).status, 7, 'and its end is heard of')
  const bare = await outcomeOf(attack(), ['quiet', 'cat', '/proc/self/status'])
  t.notMatch(bare.stdout, /^SigBlk:\t0+$/m, 'without a box they come along')
  const child = spawn(attack(), [
    'quiet',
    command(),
    ...boxes.args(['--rootfs', rootfs], ['/bin/probe', 'signal']),
  ])
  const done = collect(child)
  await ready(child)
  child.kill('SIGTERM')
  t.match((await done).stdout, /got 15/, 'it can be stopped')
})

t.test('M1–M11: nothing is left', async t => {
  t.same(await settled(boxes.marker), NOTHING)
})
