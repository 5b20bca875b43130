import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { attackRootfs, ready } from '../helpers/attack.ts'
import { boxesOf, collect } from '../helpers/boxes.ts'
import { command, outcomeOf, tsbox } from '../helpers/command.ts'
import { NOTHING, settled, snapshot } from '../helpers/residue.ts'

// Family G: who may start a box, what lies around while one runs, and what is left when its starter is killed.
const boxes = boxesOf('sec-g')
const lib = dirname(realpathSync(command()))

t.test(
  'G1, G2: nothing that is installed raises rights, and the shim refuses to run with raised ones',
  async t => {
    for (const name of readdirSync(lib))
      t.equal(lstatSync(join(lib, name)).mode & 0o6022, 0, `${name}: not setuid, not writable by others`)
    const dir = t.testdir()
    chmodSync(dir, 0o755)
    const shim = join(dir, 'tsbox-shim')
    copyFileSync(join(lib, 'tsbox-shim'), shim)
    const asUser = async (mode: number) => {
      chmodSync(shim, mode)
      const told = join(dir, `told-${mode}`)
      writeFileSync(told, '')
      chmodSync(told, 0o666)
      const { status } = await outcomeOf('sh', [
        '-c',
        `exec setpriv --reuid 1000 --clear-groups '${shim}' 3</dev/null 4>'${told}'`,
      ])
      return [status, lstatSync(told).size]
    }
    const [status, size] = await asUser(0o755)
    t.equal(status, 125, 'an ordinary user’s shim without a plan ends')
    t.ok(Number(size) > 0, 'and says why')
    t.same(await asUser(0o4755), [125, 0], 'one with raised rights reads no plan at all')
  },
)

t.test('G1: who is not root is told so', async t => {
  const { stderr, status } = await outcomeOf('setpriv', [
    '--reuid',
    '1000',
    '--clear-groups',
    command(),
    'run',
    'true',
  ])
  t.equal(status === 125 || status === 126 || status === 127, true, `${status} ${stderr}`)
  if (status === 125) t.match(stderr, /ERR_TSBOX_NOT_ROOT/)
})

t.test('G7: the directories of a running box are root’s alone, whatever the umask', async t => {
  const rootfs = attackRootfs(join(t.testdir(), 'rootfs'))
  const args = boxes.args(['--rootfs', rootfs], ['/bin/probe', 'signal'])
  const name = args[2] ?? ''
  const child = spawn('sh', ['-c', 'umask 000; exec "$@"', 'sh', command(), ...args])
  const done = collect(child)
  await ready(child)
  for (const path of ['/run/tsbox', `/run/tsbox/${name}`]) {
    const { mode, uid, gid } = lstatSync(path)
    t.same([mode & 0o7777, uid, gid], [0o700, 0, 0], path)
  }
  const nobody = (...argv: string[]) =>
    outcomeOf('setpriv', ['--reuid', '65534', '--regid', '65534', '--clear-groups', ...argv])
  t.not((await nobody('ls', '/run/tsbox')).status, 0, 'nobody cannot list them')
  t.not((await nobody('ls', `/run/tsbox/${name}`)).status, 0, 'nor enter them')
  t.equal((await nobody('ls', '/run')).status, 0, 'what is public it can list')
  const supervisor = child.pid ?? 0
  for (const file of ['environ', 'mem', 'maps'])
    t.not((await nobody('cat', `/proc/${supervisor}/${file}`)).status, 0, `nor read the supervisor's ${file}`)
  for (const dir of snapshot(name).cgroups)
    t.equal(lstatSync(dir).mode & 0o022, 0, 'its cgroups are not writable')
  t.equal(
    readFileSync(`/proc/${supervisor}/environ`, 'latin1'),
    '',
    'and not even root finds the plan in its environment',
  )
  child.kill('SIGTERM')
  await done
})

t.test('G8: a value that looks like an option is a value, or is refused', async t => {
  const rootfs = attackRootfs(join(t.testdir(), 'rootfs'))
  for (const odd of ['--help', '-v/:/h', '--privileged', '--userns=host', '-', '--']) {
    t.equal((await tsbox(['run', `--name=${odd}`, 'true'])).status, 125, `--name=${odd}`)
    t.equal((await tsbox(['run', `--hostname=${odd}`, 'true'])).status, 125, `--hostname=${odd}`)
    t.equal((await tsbox(['run', `--rootfs=${odd}`, 'true'])).status, 125, `--rootfs=${odd}`)
    t.equal((await tsbox(['run', `--user=${odd}`, 'true'])).status, 125, `--user=${odd}`)
    t.equal((await tsbox(['run', '-v', `${odd}:/x`, 'true'])).status, 125, `-v ${odd}:/x`)
    const { stdout } = await boxes.run(['--rootfs', rootfs], ['/bin/probe', 'args', odd, '--rootfs', '/'])
    t.equal(
      stdout,
      `"/bin/probe"\n"args"\n"${odd}"\n"--rootfs"\n"/"\n`,
      `as an argument ${odd} arrives as it is`,
    )
    t.equal(
      (await tsbox(['run', '--name', `${boxes.marker}-odd`, '--rootfs', rootfs, '--', odd])).status,
      127,
      `as a program ${odd} is looked for`,
    )
  }
  const seen = await boxes.run(['--rootfs', rootfs], ['/bin/probe', 'caps', '--privileged'])
  t.notMatch(seen.stdout, /CapEff:\s+0*1ff/, 'options after the program are the program’s')
})

/** Whether a process is there, and not merely waiting to be reaped by whom it was left to. */
const alive = (pid: string) => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
  } catch {
    return false
  }
}

t.test('G11: a box ends when its starter is killed', async t => {
  const rootfs = attackRootfs(join(t.testdir(), 'rootfs'))
  for (const options of [[], ['--init'], ['-u', '1000'], ['--privileged']]) {
    const child = spawn(command(), boxes.args(['--rootfs', rootfs, ...options], ['/bin/probe', 'signal']))
    const done = collect(child)
    await ready(child)
    const inside = execFileSync('cat', [`/proc/${child.pid}/task/${child.pid}/children`])
      .toString()
      .trim()
      .split(' ')
    t.equal(inside.length, 2, 'its janitor and its first process are there')
    child.kill('SIGKILL')
    await done
    t.same(
      await settled(boxes.marker, process.env.TSBOX_TEST_VM ? 20_000 : 2000),
      NOTHING,
      `soon nothing is left ${options}`,
    )
    t.same(inside.filter(alive), [], 'of the processes neither')
  }
})

t.test('G1–G11: nothing is left', async t => {
  t.same(await settled(boxes.marker), NOTHING)
})
