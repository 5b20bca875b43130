import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  linkSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { attack, attackRootfs, ready } from '../helpers/attack.ts'
import { boxesOf, collect } from '../helpers/boxes.ts'
import { command, outcomeOf } from '../helpers/command.ts'
import { NOTHING, settled } from '../helpers/residue.ts'
import { probe } from '../helpers/rootfs.ts'

// Family A: the programs of the host that start a box, as seen from inside it.
const boxes = boxesOf('sec-exe')
const lib = dirname(realpathSync(command()))

const nodePath = /^#!(\S+)/.exec(readFileSync(join(lib, 'tsbox.cjs'), 'utf8'))?.[1] ?? ''

/** Programs of the host that nobody but the attack could change: the installed ones may be replaced while we look. */
const installedIn = (dir: string) => {
  for (const name of readdirSync(lib)) {
    // A directory: what compiles filters, which no part of this test has changed.
    if (name === 'node_modules') symlinkSync(join(lib, name), join(dir, name))
    else if (name === 'node') linkSync(join(lib, name), join(dir, name))
    else copyFileSync(join(lib, name), join(dir, name))
  }
  const launcher = join(dir, 'tsbox.cjs')
  return {
    programs: [
      ...readdirSync(dir)
        .filter(name => name !== 'node_modules')
        .map(name => join(dir, name)),
      nodePath,
    ],
    run: (options: readonly string[], program: readonly string[]) =>
      outcomeOf(nodePath, [launcher, ...boxes.args(options, program)]),
  }
}

const state = (paths: readonly string[]) =>
  paths.map(path => {
    const { ino, mtimeNs } = lstatSync(path, { bigint: true })
    return `${path} ${ino} ${mtimeNs} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`
  })

const script = (path: string, interpreter: string) => {
  writeFileSync(path, `#!${interpreter}\n`)
  chmodSync(path, 0o755)
}

t.test('A1: no box can write to the programs that started it', async t => {
  const dir = t.testdir({ lib: {} })
  const { programs, run } = installedIn(join(dir, 'lib'))
  const rootfs = attackRootfs(join(dir, 'rootfs'))
  symlinkSync('/proc/self/exe', join(rootfs, 'entry'))
  script(join(rootfs, 'script'), '/proc/self/exe')
  copyFileSync(probe(), join(rootfs, 'bin', 'victim'))
  t.ok(programs.length >= 4, `watched: ${programs.map(path => path.replace(/.*\//, '')).join(' ')}`)
  const before = state(programs)

  for (const program of ['/entry', '/script', '/proc/self/exe', '/proc/1/exe']) {
    const { status, stdout } = await run(['--rootfs', rootfs], [program, 'true'])
    t.not(status, 0, `${program} as the program starts nothing of the host: ${stdout}`)
  }
  // With CAP_SYS_PTRACE a box can open /proc/1/exe, so that what is proved is the seal, not the refusal to look.
  const options = ['--rootfs', rootfs, '--init', '--cap-add', 'SYS_PTRACE']
  const { stdout, stderr } = await run(options, ['/bin/attack', 'overwrite', '/script'])
  t.match(stdout, /memfd:tsbox-shim/, `it got hold of the program of process 1 ${stderr.slice(0, 80)}`)
  t.match(stdout, /^\/memfd:tsbox-shim.*: errno=(1|13|26)$/m, 'and could not open it for writing')
  t.same(state(programs), before, 'the programs on the host are what they were')

  const own = await run(options, ['/bin/attack', 'overwrite', '/bin/victim', 'sleep', '0.02'])
  t.match(own.stdout, /^\/bin\/victim: ok$/m, 'the same attack does overwrite a file of the box itself')
  t.equal(
    readFileSync(join(rootfs, 'bin', 'victim'))
      .subarray(-6)
      .toString(),
    'pwned\n',
  )
})

t.test(
  'A2: the supervisor, its janitor and process 1 run from a sealed copy, not from the installed file',
  async t => {
    const rootfs = attackRootfs(join(t.testdir(), 'rootfs'))
    const child = spawn(command(), boxes.args(['--rootfs', rootfs, '--init'], ['/bin/probe', 'signal']))
    const done = collect(child)
    await ready(child)
    const below = (pid: number): number[] =>
      readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
        .trim()
        .split(' ')
        .filter(Boolean)
        .flatMap(text => [Number(text), ...below(Number(text))])
    const ours = [child.pid ?? 0, ...below(child.pid ?? 0)].filter(pid =>
      readFileSync(`/proc/${pid}/comm`, 'latin1').startsWith('tsbox'),
    )
    t.equal(ours.length, 3, 'there are three of them')
    for (const pid of ours) {
      t.match(readlinkSync(`/proc/${pid}/exe`), /memfd:tsbox-shim/)
      const seals = execFileSync(attack(), ['seals', `/proc/${pid}/exe`]).toString()
      t.equal(
        Number(/0x[0-9a-f]+/.exec(seals)?.[0] ?? 0) & 0xf,
        0xf,
        'sealed: no write, growth, shrinking or unsealing',
      )
    }
    const first = ours.find(pid => readFileSync(`/proc/${pid}/comm`, 'latin1').trim() === 'tsbox-init')
    const held = readdirSync(`/proc/${first}/fd`).map(fd => readlinkSync(`/proc/${first}/fd/${fd}`))
    t.same(
      held.filter(target => target !== 'anon_inode:[signalfd]'),
      [],
      'A8: process 1 has nothing open but what tells it of signals',
    )
    const installed = execFileSync(attack(), ['seals', join(lib, 'tsbox-shim')]).toString()
    t.match(installed, /errno=22/, 'an ordinary file has no seals')
    child.kill('SIGTERM')
    await done
  },
)

const statusOf = (text: string, field: string) =>
  BigInt(`0x${new RegExp(`^${field}:\\s+([0-9a-f]+)`, 'm').exec(text)?.[1] ?? '0'}`)

t.test('A3: with --init, process 1 cannot be read or traced by the box', async t => {
  const rootfs = attackRootfs(join(t.testdir(), 'rootfs'))
  const ask = async (...program: string[]) =>
    (await boxes.run(['--rootfs', rootfs, '--init'], ['/bin/probe', ...program])).stdout
  t.match(await ask('ptrace', '1'), /errno=1$/m, 'ptrace is refused')
  for (const file of ['mem', 'environ', 'maps'])
    t.match(await ask('open', `/proc/1/${file}`, 'r'), /errno=(1|13)$/m, `/proc/1/${file} is refused`)
  for (const dir of ['root', 'cwd'])
    t.match(await ask('ls', `/proc/1/${dir}`), /errno=(1|13)$/m, `/proc/1/${dir} is refused`)
  t.match(await ask('open', '/proc/self/mem', 'r'), /open: ok/, 'what is its own it can open')
})

t.test('A3: with --init, process 1 has no right that the box lacks, should the box trace it', async t => {
  const rootfs = attackRootfs(join(t.testdir(), 'rootfs'))
  const options = ['--rootfs', rootfs, '--init', '--cap-add', 'SYS_PTRACE']
  const first = (await boxes.run(options, ['/bin/probe', 'cat', '/proc/1/status'])).stdout
  const own = (await boxes.run(options, ['/bin/probe', 'status'])).stdout
  const [bounding, KILL] = [statusOf(own, 'CapBnd'), 1n << 5n]
  t.ok(bounding > 0n, 'the box has some')
  for (const field of ['CapPrm', 'CapEff', 'CapInh', 'CapAmb'])
    t.equal(statusOf(first, field) & ~(bounding | KILL), 0n, `${field} of process 1`)
  t.match(first, /^NoNewPrivs:\s+1$/m, 'and it cannot get one by exec')
  t.match(
    (await boxes.run(options, ['/bin/probe', 'ptrace', '1'])).stdout,
    /ptrace: ok/,
    'it can be traced then',
  )
})

t.test('A1–A3: nothing is left', async t => {
  t.same(await settled(boxes.marker), NOTHING)
})
