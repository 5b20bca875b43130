import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { attack, attackRootfs } from '../helpers/attack.ts'
import { boxesOf } from '../helpers/boxes.ts'
import { canary, canaryState } from '../helpers/canary.ts'
import { command, outcomeOf } from '../helpers/command.ts'
import { NOTHING, settled } from '../helpers/residue.ts'
import { probe } from '../helpers/rootfs.ts'

// Family D: who the program is, what it may do, and what comes along from its caller. Filters (D16–D20) come later.
const boxes = boxesOf('sec-d')

const inBox = (t: Test) => {
  const rootfs = attackRootfs(join(t.testdir(), 'rootfs'))
  const run = (options: readonly string[], ...program: string[]) =>
    boxes.run(['--rootfs', rootfs, ...options], program)
  return { rootfs, run }
}

const field = (text: string, name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(text)?.[1]?.trim()

t.test('D1: nothing is inheritable, so a file with inheritable capabilities gives none', async t => {
  const { rootfs, run } = inBox(t)
  const gift = join(rootfs, 'bin', 'gift')
  copyFileSync(probe(), gift)
  t.match(execFileSync(attack(), ['file-caps', gift]).toString(), /file-caps: ok/)
  for (const options of [
    [],
    ['-u', '1000'],
    ['--cap-add', 'SYS_ADMIN', '-u', '1000'],
    ['--privileged', '-u', '1000'],
  ]) {
    for (const program of ['/bin/probe', '/bin/gift']) {
      const { stdout } = await run(options, program, 'status')
      t.match(field(stdout, 'CapInh'), /^0+$/, `${program} ${options}`)
      t.match(field(stdout, 'CapAmb'), /^0+$/)
      if (options.includes('1000')) t.match(field(stdout, 'CapEff'), /^0+$/, 'and nothing is gained')
    }
  }
  const kept = await outcomeOf('setpriv', ['--inh-caps', '+net_raw', '--reuid', '1000', gift, 'status'])
  t.notMatch(
    field(kept.stdout, 'CapPrm') ?? '0',
    /^0+$/,
    'for a caller that lets it inherit, the same file gives some',
  )
})

t.test('D3, D4: a user other than root has no capabilities, and none has any without a reason', async t => {
  const { run } = inBox(t)
  for (const name of ['CapPrm', 'CapEff', 'CapAmb'])
    t.match(
      field((await run(['-u', '1000'], '/bin/probe', 'status')).stdout, name),
      /^0+$/,
      `${name} of user 1000`,
    )
  const none = (await run(['--cap-drop', 'ALL'], '/bin/probe', 'status')).stdout
  for (const name of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
    t.match(field(none, name), /^0+$/, `${name} when all are dropped`)
  const usual = (await run([], '/bin/probe', 'status')).stdout
  t.notMatch(field(usual, 'CapEff') ?? '0', /^0+$/, 'root of a box has some')
  // What would reach the host: read any file by handle, load modules, trace, mount, set its clock, its log and the like.
  const strong = [2, 16, 17, 19, 21, 22, 24, 25, 34, 38, 39]
  const bits = BigInt(`0x${field(usual, 'CapBnd')}`)
  t.same(
    strong.filter(cap => bits & (1n << BigInt(cap))),
    [],
    'and none that reaches the host',
  )
  t.equal(
    (await run(['--cap-add', 'EVERYTHING'], '/bin/probe', 'true')).status,
    125,
    'a name that is none is refused',
  )
})

t.test('D5, D6: groups are those of the box’s user, never the caller’s', async t => {
  const { rootfs, run } = inBox(t)
  const file = join(rootfs, 'not-for-group-4242')
  writeFileSync(file, 'x')
  chmodSync(file, 0o604)
  execFileSync('chown', ['0:4242', file])
  t.equal(field((await run(['-u', '1000:4242'], '/bin/probe', 'status')).stdout, 'Groups'), '4242')
  const dodge = join(rootfs, 'bin', 'other-group')
  copyFileSync(probe(), dodge)
  execFileSync('chown', ['0:5555', dodge])
  chmodSync(dodge, 0o2755)
  const asked = await run(['-u', '1000:4242'], '/bin/other-group', 'open', '/not-for-group-4242', 'r')
  t.match(
    asked.stdout,
    /open: errno=13/,
    'a program with another group does not get round a group that is kept out',
  )
  t.match(
    (await run(['-u', '1000:77'], '/bin/probe', 'open', '/not-for-group-4242', 'r')).stdout,
    /ok/,
    'others may',
  )

  const call = [
    '--groups',
    '4242,4343',
    command(),
    ...boxes.args(['--rootfs', rootfs], ['/bin/probe', 'status']),
  ]
  t.equal(
    field((await outcomeOf('setpriv', call)).stdout, 'Groups'),
    '0',
    'the groups of the caller stay outside',
  )
  const bare = await outcomeOf('setpriv', ['--groups', '4242,4343', probe(), 'status'])
  t.equal(field(bare.stdout, 'Groups'), '4242 4343', 'without a box they come along')
})

t.test('D8, D9: a user is a number in range, or nobody', async t => {
  const { rootfs, run } = inBox(t)
  mkdirSync(join(rootfs, 'etc'))
  const names = ['4294967296', '4294967295', '2147483648', '99999999999999999999', '-1', 'root', '5000']
  writeFileSync(join(rootfs, 'etc', 'passwd'), names.map(name => `${name}:x:0:0::/:/bin/sh\n`).join(''))
  const bad = [
    ...names.slice(0, 6),
    '',
    ' 1',
    '+1',
    '0x1',
    '1e3',
    ':5',
    '1000:',
    '1:2:3',
    '1:-1',
    '1:4294967296',
    '٣',
    '1\n',
  ]
  for (const user of bad) {
    const { status, stdout } = await run([`--user=${user}`], '/bin/probe', 'ids')
    t.same([status, stdout], [125, ''], `${JSON.stringify(user)} is refused`)
  }
  const good = {
    1: '1 1',
    '1:2': '1 2',
    0: '0 0',
    65534: '65534 65534',
    2147483647: '2147483647 2147483647',
    5000: '5000 5000',
  }
  for (const [user, ids] of Object.entries(good)) {
    const [uid, gid] = ids.split(' ')
    t.match(
      (await run(['-u', user], '/bin/probe', 'ids')).stdout,
      `uid=${uid} gid=${gid} euid=${uid} egid=${gid}`,
    )
  }
})

t.test('D10: accounts in the root are never read, so they cannot hold anyone up', async t => {
  const { rootfs, run } = inBox(t)
  const bird = canary(join(t.testdirName, 'outside'))
  const before = canaryState(bird)
  mkdirSync(join(rootfs, 'etc'))
  execFileSync('mkfifo', [join(rootfs, 'etc', 'passwd')])
  symlinkSync(join(bird, 'secret'), join(rootfs, 'etc', 'group'))
  const { stdout, status } = await run(['-u', '1000'], '/bin/probe', 'ids')
  t.equal(status, 0, 'a FIFO is not waited for')
  t.match(stdout, 'uid=1000')
  t.same(canaryState(bird), before)
})

t.test('D11: nothing of the caller’s environment arrives', async t => {
  const { run } = inBox(t)
  const secret = `s3cret-${process.pid}`
  const env = { ...process.env, SECRET_X: secret, LD_PRELOAD: '', NODE_DEBUG: '' }
  const how = { env }
  const text = async (options: string[], ...program: string[]) =>
    (await boxes.run(['--rootfs', join(t.testdirName, 'rootfs'), ...options], program, how)).stdout
  t.same(
    (await text([], '/bin/probe', 'env'))
      .split('\n')
      .map(line => line.split('=')[0])
      .filter(Boolean)
      .sort(),
    ['HOME', 'HOSTNAME', 'PATH'],
  )
  for (const pid of ['self', '1'])
    t.notMatch(
      await text(['--init'], '/bin/probe', 'cat', `/proc/${pid}/environ`),
      secret,
      `/proc/${pid}/environ`,
    )
  t.match(await text(['-e', 'SECRET_X'], '/bin/probe', 'env'), `SECRET_X=${secret}`, 'unless it is asked for')
  t.equal((await run([], '/bin/probe', 'true')).status, 0)
})

t.test(
  'D12, K13: names that would add lines to a file are refused, values are passed as they are',
  async t => {
    const bad = ['a\nb', 'a\tb', 'a b', 'a#b', 'a\x01b', '-a', 'a-', 'a..b', '', 'é', 'x'.repeat(65)]
    for (const hostname of bad)
      t.equal(
        (await boxes.run([`--hostname=${hostname}`], ['/bin/true'])).status,
        125,
        JSON.stringify(hostname),
      )
    const { run } = inBox(t)
    const odd = 'line\nroot::0:0:::\n\x1b]0;x\x07=\u202e'
    const { stdout } = await run(['-e', `HOME=${odd}`, '-e', `USER=${odd}`], '/bin/probe', 'env')
    t.match(stdout, `HOME=${odd}\n`)
    const files = await boxes.run(
      ['-e', `HOME=${odd}`, '-e', `HOSTNAME=${odd}`],
      ['/bin/sh', '-c', 'cat /etc/passwd /etc/hosts /etc/hostname /etc/group'],
    )
    t.match(files.stdout, /^root:x:0:0:/)
    t.notMatch(files.stdout, 'root::0', 'no file is made of them')
    for (const name of ['', '=x'])
      t.equal((await run([`--env=${name}`], '/bin/probe', 'true')).status, 125, `-e ${JSON.stringify(name)}`)
  },
)

t.test('D13: a setuid program changes no one', async t => {
  const { rootfs, run } = inBox(t)
  const su = join(rootfs, 'bin', 'su')
  copyFileSync(probe(), su)
  chmodSync(su, 0o4755)
  const safe = await run(['-u', '1000'], '/bin/su', 'ids')
  t.match(safe.stdout, 'uid=1000 gid=1000 euid=1000')
  t.equal(field((await run(['-u', '1000'], '/bin/probe', 'status')).stdout, 'NoNewPrivs'), '1')
  const weak = await run(['--privileged', '-u', '1000'], '/bin/su', 'ids')
  t.match(weak.stdout, 'euid=0', 'where it is allowed, the same program does')
})

t.test('D15: the keys of the caller’s session stay outside', async t => {
  const { run } = inBox(t)
  const session = (text: string) => /session (\d+)/.exec(text)?.[1]
  const own = session((await outcomeOf(probe(), ['keyring'])).stdout)
  if (own === undefined) return t.comment('this kernel has no keyrings')
  t.equal(
    session((await outcomeOf(probe(), ['keyring'])).stdout),
    own,
    'two programs of one session share them',
  )
  for (const options of [[], ['--init'], ['--privileged'], ['-u', '1000']])
    t.not(session((await run(options, '/bin/probe', 'keyring')).stdout), own, `a box has its own ${options}`)
})

t.test('D21: a program is looked for in the box, by the box’s own PATH', async t => {
  const { rootfs } = inBox(t)
  const host = join(t.testdirName, 'host')
  mkdirSync(host)
  for (const name of ['only-host', 'both']) copyFileSync(probe(), join(host, name))
  copyFileSync(probe(), join(rootfs, 'bin', 'both'))
  const env = { ...process.env, PATH: `${host}:${process.env.PATH}` }
  const run = (...program: string[]) => boxes.run(['--rootfs', rootfs], program, { env })
  t.equal((await run('only-host', 'echo', 'x')).status, 127)
  t.equal((await run(join(host, 'only-host'), 'echo', 'x')).status, 127)
  t.equal((await run('both', 'args')).stdout.split('\n')[0], '"both"')
  t.equal((await outcomeOf('only-host', ['echo', 'x'], { env })).stdout, 'x\n', 'without a box it is found')
})

t.test('D1–D21: nothing is left', async t => {
  t.same(await settled(boxes.marker), NOTHING)
})
