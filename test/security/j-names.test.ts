import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { attackRootfs } from '../helpers/attack.ts'
import { boxesOf } from '../helpers/boxes.ts'
import { tsbox } from '../helpers/command.ts'
import { NOTHING, settled } from '../helpers/residue.ts'

// Family J: names that become paths, and what travels from the command to the box.
const boxes = boxesOf('sec-j')

t.test('J1: a name cannot lead out of the run directory or the cgroup tree', async t => {
  mkdirSync('/run/tsbox', { recursive: true, mode: 0o700 })
  const sibling = `/run/${boxes.marker}`
  t.equal(existsSync(sibling), false)
  const before = readdirSync('/run').sort()
  const bad = [
    '..',
    '.',
    'a/b',
    '../x',
    `../${boxes.marker}`,
    '/abs',
    '-x',
    '',
    'x'.repeat(65),
    'x'.repeat(300),
    'a\nb',
    'a b',
    'é',
    '.hidden',
    'a\x01',
    '%2e%2e',
    '*',
    '~',
    '$(id)',
  ]
  for (const name of bad) {
    const { status, stderr } = await tsbox(['run', `--name=${name}`, 'true'])
    t.equal(status, 125, JSON.stringify(name.slice(0, 20)))
    t.match(stderr, /ERR_TSBOX_SPEC/)
  }
  t.same(
    readdirSync('/run')
      .filter(name => name !== 'tsbox')
      .sort(),
    before.filter(name => name !== 'tsbox'),
    '/run holds what it held',
  )
  for (const name of [`${boxes.marker}.a-b_c`, `${boxes.marker}..`])
    t.equal((await tsbox(['run', '--name', name, 'true'])).status, 0, name)
})

t.test('J2: texts of every length arrive exactly, or not at all', async t => {
  const rootfs = attackRootfs(join(t.testdir(), 'rootfs'))
  const env = join(t.testdirName, 'env')
  // What a plan of ours begins with, as far as an argument can hold it.
  const fake = 'TSBX\x01\x02\x01\x01\x01\x7f'
  for (const length of [1, 127, 128, 255, 256, 4095, 4096, 65_535, 65_536, 65_537, 131_000]) {
    const text = fake.repeat(Math.ceil(length / fake.length)).slice(0, length)
    const { stdout, stderr } = await boxes.run(['--rootfs', rootfs], ['/bin/probe', 'echo', text])
    t.ok(stdout === `${text}\n`, `an argument of ${length} bytes ${stderr.slice(0, 200)}`)
    writeFileSync(env, `LONG=${text}\nAFTER=wards\n`)
    const vars = await boxes.run(['--rootfs', rootfs, '--env-file', env], ['/bin/probe', 'env'])
    t.ok(
      vars.stdout.includes(`LONG=${text}\nAFTER=wards\n`),
      `a variable of ${length} bytes ${vars.stderr.slice(0, 200)}`,
    )
  }
  // The kernel takes 128 KiB in one string and no more; a plan holds a mebibyte.
  for (const length of [131_072, 200_000, 1 << 20, 3 << 20]) {
    writeFileSync(env, `LONG=${'x'.repeat(length)}\n`)
    const { stdout, stderr, status } = await boxes.run(
      ['--rootfs', rootfs, '--env-file', env],
      ['/bin/probe', 'echo', 'ran'],
    )
    t.ok(
      (status === 125 || status === 126) && stdout === '',
      `a variable of ${length} bytes is refused: ${status}`,
    )
    t.match(stderr, /ERR_TSBOX_/, stderr.slice(0, 120))
  }
  const many = Array.from({ length: 9000 }, (_, i) => `N${i}=${'v'.repeat(90)}`)
  writeFileSync(env, many.join('\n'))
  const all = await boxes.run(['--rootfs', rootfs, '--env-file', env], ['/bin/probe', 'env'])
  t.ok(
    many.every(line => all.stdout.includes(line)) || all.status === 125,
    `nine thousand variables: ${all.status}`,
  )
  const mounts = Array.from({ length: 2500 }, (_, i) => ['--tmpfs', `/t/${i}`]).flat()
  const { status, stderr } = await boxes.run(['--rootfs', rootfs, ...mounts], ['/bin/probe', 'true'])
  t.equal(status, 125, 'more steps than a plan can have')
  t.match(stderr, /ERR_TSBOX_/)
})

t.test('J3: what the plan says of the host cannot be read in the box', async t => {
  const dir = t.testdir()
  const rootfs = attackRootfs(join(dir, 'rootfs'))
  const secret = `only-the-host-knows-${process.pid}`
  const receipt = join(dir, secret)
  const reversed = [...secret].reverse().join('')
  const look = async (pid: string, ...options: string[]) =>
    (
      await boxes.run(
        ['--rootfs', rootfs, '--cap-add', 'SYS_PTRACE', '--receipt', receipt, ...options],
        ['/bin/attack', 'scan', reversed, pid],
      )
    ).stdout
  const first = await look('1', '--init')
  t.match(first, /mem: ok/, 'process 1 can be read, with CAP_SYS_PTRACE')
  t.match(first, /^found 0$/m, 'and does not know it')
  t.match(await look('self'), /^found 0$/m, 'nor does the program')
  t.match(await look('self', '-e', `GIVEN=${secret}`), /found in environ/, 'what the box is given is found')
  t.match(await look('1'), /found in memory/, 'and so is what is in a memory that can be read')
  t.equal(existsSync(receipt), true, 'the host did get its receipt')
})

t.test('J6: there is no socket of ours that a box on the host’s network could reach', async t => {
  const { stdout } = await boxes.run(['--net', 'host'], ['/bin/cat', '/proc/net/unix'])
  t.match(stdout, /^Num/, 'it sees the sockets')
  t.notMatch(stdout, /tsbox/)
  t.equal(stdout.trim().split('\n').length > 0, readFileSync('/proc/net/unix', 'utf8').startsWith('Num'))
})

t.test('J1–J6: nothing is left', async t => {
  t.same(await settled(boxes.marker), NOTHING)
})
