import t from 'tap'
import { readProcess } from '../../src/index.ts'
import { read, refuses, withProcess } from './documents.ts'

const process = (changes: Readonly<Record<string, unknown>>) => read(withProcess(changes)).process

t.test('a process has a program and a directory', async t => {
  refuses(t, [
    ['process.args', withProcess({ args: undefined })],
    ['process.args', withProcess({ args: [] })],
    ['process.args', withProcess({ args: 'sh' })],
    ['process.args[0]', withProcess({ args: [''] })],
    ['process.args[1]', withProcess({ args: ['sh', 1] })],
    ['process.args[1]', withProcess({ args: ['sh', 'a\0b'] })],
    ['process.cwd', withProcess({ cwd: undefined })],
    ['process.cwd', withProcess({ cwd: '' })],
    ['process.cwd', withProcess({ cwd: 'work' })],
    ['process.cwd', withProcess({ cwd: '/a\0' })],
    ['process.cwd', withProcess({ cwd: `/${'a'.repeat(4095)}` })],
  ])
  t.strictSame(process({ args: ['sh', ''], cwd: '/a/../b' }), {
    user: { uid: 0, gid: 0 },
    args: ['sh', ''],
    cwd: '/a/../b',
  })
})

t.test('a path may be as long as the kernel takes one', async t => {
  for (const cwd of [`/${'a'.repeat(4094)}`, `/${'ä'.repeat(2047)}`]) t.equal(process({ cwd })?.cwd, cwd)
  refuses(t, [['process.cwd', withProcess({ cwd: `/${'ä'.repeat(2048)}` })]])
})

t.test('an environment is made of NAME=VALUE', async t => {
  const env = ['A=', 'B=c=d', 'A=again', '1=2', 'x y=z\n']
  t.strictSame(process({ env })?.env, env)
  refuses(
    t,
    ['A', '', '=b', 'A=\0', 5].map(bad => ['process.env[1]', withProcess({ env: ['OK=1', bad] })]),
  )
})

t.test('a user is two numbers below 4294967295, which the kernel would not set (D9)', async t => {
  const user = { uid: 4294967294, gid: 1, umask: 0o777, additionalGids: [0, 4294967294] }
  t.strictSame(process({ user })?.user, user)
  t.strictSame(process({ user: undefined })?.user, { uid: 0, gid: 0 })
  const bad = [4294967295, 4294967296, -1, 0.5, '0', 1e30, 18446744073709551615n]
  refuses(t, [
    ...bad.map(uid => ['process.user.uid', withProcess({ user: { uid, gid: 0 } })] as const),
    ...bad.map(gid => ['process.user.gid', withProcess({ user: { uid: 0, gid } })] as const),
    ...bad.map(
      id =>
        [
          'process.user.additionalGids[1]',
          withProcess({ user: { uid: 0, gid: 0, additionalGids: [0, id] } }),
        ] as const,
    ),
    ['process.user.uid', withProcess({ user: { gid: 0 } })],
    ['process.user.gid', withProcess({ user: { uid: 0 } })],
    ['process.user.umask', withProcess({ user: { uid: 0, gid: 0, umask: 0o1000 } })],
    ['process.user.umask', withProcess({ user: { uid: 0, gid: 0, umask: -1 } })],
    ['process.user', withProcess({ user: 'root' })],
  ])
})

t.test('what is for Windows is refused, not ignored', async t => {
  refuses(t, [
    ['process.commandLine', withProcess({ commandLine: 'cmd.exe' })],
    ['process.user.username', withProcess({ user: { uid: 0, gid: 0, username: 'admin' } })],
  ])
})

t.test('the size of a terminal counts only where there is one', async t => {
  const consoleSize = { height: 25, width: 65535 }
  t.strictSame(process({ terminal: true, consoleSize })?.consoleSize, consoleSize)
  t.equal(process({ terminal: false, consoleSize })?.consoleSize, undefined)
  t.equal(process({ consoleSize: { height: 1, width: 100_000 } })?.consoleSize, undefined)
  refuses(t, [
    ['process.consoleSize.width', withProcess({ terminal: true, consoleSize: { height: 1, width: 65536 } })],
    ['process.consoleSize.height', withProcess({ terminal: true, consoleSize: { height: 65536, width: 1 } })],
    ['process.consoleSize.height', withProcess({ consoleSize: { width: 1 } })],
    ['process.consoleSize.width', withProcess({ consoleSize: { height: 1 } })],
    ['process.consoleSize.width', withProcess({ consoleSize: { height: 1, width: -1 } })],
    ['process.terminal', withProcess({ terminal: 1 })],
  ])
})

t.test('numbers for the kernel are in its range', async t => {
  for (const priority of [0, 7])
    t.equal(process({ ioPriority: { class: 'IOPRIO_CLASS_RT', priority } })?.ioPriority?.priority, priority)
  t.equal(process({ oomScoreAdj: -1000 })?.oomScoreAdj, -1000)
  t.strictSame(process({ ioPriority: { class: 'IOPRIO_CLASS_IDLE' } })?.ioPriority, {
    class: 'IOPRIO_CLASS_IDLE',
  })
  refuses(t, [
    ['process.oomScoreAdj', withProcess({ oomScoreAdj: -1001 })],
    ['process.oomScoreAdj', withProcess({ oomScoreAdj: 1001 })],
    ['process.ioPriority.class', withProcess({ ioPriority: { priority: 1 } })],
    ['process.ioPriority.class', withProcess({ ioPriority: { class: 'IOPRIO_CLASS_NONE' } })],
    ['process.ioPriority.priority', withProcess({ ioPriority: { class: 'IOPRIO_CLASS_RT', priority: 8 } })],
    ['process.ioPriority.priority', withProcess({ ioPriority: { class: 'IOPRIO_CLASS_RT', priority: -1 } })],
  ])
})

t.test('labels are kept as they are, and an empty one is none', async t => {
  t.match(process({ apparmorProfile: 'p', selinuxLabel: 'a:b:c:d' }), {
    apparmorProfile: 'p',
    selinuxLabel: 'a:b:c:d',
  })
  t.notHas(process({ apparmorProfile: '', selinuxLabel: '' }), { apparmorProfile: '' })
  refuses(t, [
    ['process.apparmorProfile', withProcess({ apparmorProfile: 'a\0' })],
    ['process.selinuxLabel', withProcess({ selinuxLabel: 1 })],
    ['process.noNewPrivileges', withProcess({ noNewPrivileges: 'true' })],
  ])
})

t.test('capabilities of any name pass here: an unknown one is a warning', async t => {
  const capabilities = { bounding: ['CAP_CHOWN', 'CAP_OF_TOMORROW'], ambient: [] }
  t.strictSame(process({ capabilities })?.capabilities, capabilities)
  refuses(t, [
    ['process.capabilities', withProcess({ capabilities: ['CAP_CHOWN'] })],
    ['process.capabilities.bounding[0]', withProcess({ capabilities: { bounding: [7] } })],
  ])
})

t.test('a value that is no text of a file is checked in the same way', async t => {
  t.strictSame(readProcess({ args: ['sh'], cwd: '/', user: { uid: 1, gid: 2 } }, ''), {
    args: ['sh'],
    cwd: '/',
    user: { uid: 1, gid: 2 },
  })
  t.throws(() => readProcess({ args: ['sh'], cwd: '/', user: { uid: -1, gid: 0 } }, 'exec'), {
    code: 'ERR_TSBOX_CONFIG',
    step: 'exec.user.uid',
  })
})
