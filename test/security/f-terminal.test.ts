import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, lstatSync, openSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { attack, attackRootfs } from '../helpers/attack.ts'
import { boxesOf } from '../helpers/boxes.ts'
import { canary, canaryState } from '../helpers/canary.ts'
import { command, outcomeOf } from '../helpers/command.ts'
import { NOTHING, settled } from '../helpers/residue.ts'
import { probe } from '../helpers/rootfs.ts'

// Family F: the caller's terminal and standard streams.
const boxes = boxesOf('sec-f')
const onTerminal = (...argv: readonly string[]) => outcomeOf(attack(), ['terminal', ...argv])
const waiting = (text: string) => Number(/waiting to be read: (-?\d+)/.exec(text)?.[1])

t.test('F1: a box cannot type into the terminal of its caller', async t => {
  const rootfs = attackRootfs(join(t.testdir(), 'rootfs'))
  const sti = (...options: string[]) =>
    onTerminal(command(), ...boxes.args(['--rootfs', rootfs, ...options], ['/bin/probe', 'tiocsti', 'X']))

  const bare = await onTerminal(probe(), 'tiocsti', 'X')
  const setting = '/proc/sys/dev/tty/legacy_tiocsti'
  if (existsSync(setting) && readFileSync(setting, 'utf8').trim() === '0')
    t.comment('this kernel lets nobody do it')
  else t.ok(waiting(bare.stdout) >= 3, `without a box it can: ${waiting(bare.stdout)} characters wait`)

  for (const options of [['-T'], ['-T', '-u', '1000'], ['-T', '--init']]) {
    const { stdout } = await sti(...options)
    t.match(stdout, /fd 0: errno=(1|5|25)/, `on the caller's own terminal ${options}`)
    t.notMatch(stdout, /(fd \d|tty): ok/)
    t.equal(waiting(stdout), 0, 'nothing waits to be read by the caller')
  }
  const own = await sti('-t')
  t.equal(waiting(own.stdout), 0, 'on a terminal of the box’s own what is typed stays in the box')
  const weak = await sti('-T', '--cap-add', 'SYS_ADMIN')
  t.comment(`with CAP_SYS_ADMIN and the caller's own terminal, ${waiting(weak.stdout)} characters wait`)
})

t.test('F3: the terminal of a box comes from the kernel, whatever the root holds at its place', async t => {
  const dir = t.testdir({ rootfs: { dev: { pts: { ptmx: 'not a device' }, console: '' } } })
  const rootfs = attackRootfs(join(dir, 'rootfs'))
  const { stdout } = await onTerminal(
    command(),
    ...boxes.args(['--rootfs', rootfs, '-t'], ['/bin/probe', 'tty']),
  )
  t.match(stdout, /isatty=1 fd 0 \/dev\/pts\/0/)
  const kind = await onTerminal(
    command(),
    ...boxes.args(['--rootfs', rootfs, '-t'], ['/bin/probe', 'stat', '/dev/console', '/dev/pts/ptmx']),
  )
  t.match(kind.stdout, /\/dev\/console type=c .*rdev=136:0/)
  t.match(kind.stdout, /\/dev\/pts\/ptmx type=c .*rdev=5:2/)
})

t.test('F4: a file the output goes to keeps its owner', async t => {
  const dir = t.testdir({ out: '' })
  const rootfs = attackRootfs(join(dir, 'rootfs'))
  const out = join(dir, 'out')
  const fd = openSync(out, 'a')
  const { status } = spawnSync(
    command(),
    boxes.args(['--rootfs', rootfs, '-u', '1000'], ['/bin/probe', 'echo', 'hi']),
    { stdio: ['ignore', fd, fd] },
  )
  closeSync(fd)
  t.equal(status, 0)
  t.equal(readFileSync(out, 'utf8'), 'hi\n')
  const { uid, gid } = lstatSync(out)
  t.same([uid, gid], [0, 0])
})

const ODD = 'x\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\r\x7fy'
// biome-ignore lint/suspicious/noControlCharactersInRegex: what is looked for
const DRIVES = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\u202a-\u202e]/

t.test('F5: names that would drive the terminal are shown, not sent', async t => {
  const ways: readonly (readonly string[])[] = [
    ['run', `--name=${ODD}`, 'true'],
    ['run', `--rootfs=/${ODD}`, 'true'],
    ['run', '-v', `/${ODD}:/x`, 'true'],
    ['run', `--${ODD}`, 'true'],
    ['run', '-w', `/${ODD}`, 'true'],
    ['run', ODD],
    ['run', `/${ODD}`],
    ['run', '--sysctl', `${ODD}=1`, 'true'],
    [ODD],
    ['run', '--dry-run', '-e', `X=${ODD}`, '-w', `/${ODD}`, ODD],
  ]
  for (const args of ways) {
    const { stdout } = await onTerminal(command(), ...args)
    t.notMatch(stdout.replaceAll('\r\n', '\n'), DRIVES, JSON.stringify(args))
    t.match(stdout, /owned|waiting/)
  }
  const own = await onTerminal(probe(), 'echo', ODD)
  t.match(own.stdout, DRIVES, 'what a program itself prints is its own affair')
})

t.test(
  'F7: a receipt or trace whose place is a link replaces the link, and changes nothing behind it',
  async t => {
    const dir = t.testdir()
    const rootfs = attackRootfs(join(dir, 'rootfs'))
    const bird = canary(join(dir, 'outside', 'canary'))
    const before = canaryState(bird)
    for (const option of ['--receipt', '--trace']) {
      const path = join(dir, option.slice(2))
      symlinkSync(join(bird, 'file'), path)
      const { stderr } = await boxes.run(['--rootfs', rootfs, option, path], ['/bin/probe', 'true'])
      t.equal(lstatSync(path).isFile(), true, `${option} ${stderr}`)
    }
    t.same(canaryState(bird), before, 'the canary is clean')
  },
)

t.test('F1–F7: nothing is left', async t => {
  t.same(await settled(boxes.marker), NOTHING)
})
