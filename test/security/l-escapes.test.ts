import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { attack, attackRootfs } from '../helpers/attack.ts'
import { boxesOf } from '../helpers/boxes.ts'
import { outcomeOf } from '../helpers/command.ts'
import { NOTHING, settled } from '../helpers/residue.ts'
import { probe } from '../helpers/rootfs.ts'

// Family L (and K1): well-known ways out, as far as capabilities and namespaces stop them. Filters come later.
const boxes = boxesOf('sec-l')

const inBox = (t: Test) => {
  const rootfs = attackRootfs(join(t.testdir(), 'rootfs'))
  return (options: readonly string[], ...program: string[]) =>
    boxes.run(['--rootfs', rootfs, ...options], program)
}

t.test('L1: a file cannot be opened by its handle', async t => {
  const run = inBox(t)
  t.match((await run([], '/bin/attack', 'handle', '/bin')).stdout, /open-by-handle: errno=1$/m)
  const bare = await outcomeOf(attack(), ['handle', join(t.testdirName, 'rootfs')])
  if (/name-to-handle/.test(bare.stdout)) return t.comment('this file system has no handles')
  t.match(bare.stdout, /open-by-handle: ok/, 'without a box it can')
})

t.test('L7: a box sees its own processes and namespaces only', async t => {
  const run = inBox(t)
  const { stdout } = await run([], '/bin/probe', 'ls', '/proc')
  t.same(
    stdout.split('\n').filter(name => /^\d+$/.test(name)),
    ['1'],
  )
  t.ok(readdirSync('/proc').filter(name => /^\d+$/.test(name)).length > 3, 'the host has more')
  t.match((await run([], '/bin/probe', 'status')).stdout, /^NSpid:\t1$/m)
  const links = (text: string) =>
    Object.fromEntries([...text.matchAll(/^(\w+) (\w+:\[\d+\])$/gm)].map(([, name, link]) => [name, link]))
  const inside = links((await run([], '/bin/probe', 'ns')).stdout)
  const own = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts', 'time'].filter(name =>
    existsSync(`/proc/self/ns/${name}`),
  )
  for (const name of own) t.not(inside[name], readlinkSync(`/proc/self/ns/${name}`), `${name} is its own`)
  t.equal(
    links((await outcomeOf(probe(), ['ns'])).stdout).net,
    readlinkSync('/proc/self/ns/net'),
    'without a box they are the host’s',
  )
})

t.test('L14: a crash in a box reaches no handler of the host', async t => {
  const run = inBox(t)
  for (const options of [[], ['-u', '1000'], ['--privileged']])
    t.match((await run(options, '/bin/probe', 'rlimits')).stdout, /^core 0 0$/m, `no core file ${options}`)
  t.match(
    (await run(['--ulimit', 'core=4096'], '/bin/probe', 'rlimits')).stdout,
    /^core 4096 4096$/m,
    'unless asked for',
  )
})

t.test('K1: raw and packet sockets need more than the default box has', async t => {
  const run = inBox(t)
  const socket = process.arch === 'arm64' ? '198' : '41'
  for (const [family, type] of [
    ['17', '3'],
    ['2', '3'],
    ['10', '3'],
  ] as const)
    t.match(
      (await run([], '/bin/probe', 'syscall', socket, family, type, '1')).stdout,
      /errno=1$/m,
      `family ${family}`,
    )
  t.match(
    (await run(['--cap-add', 'NET_RAW'], '/bin/probe', 'syscall', socket, '2', '3', '1')).stdout,
    /ret=3/,
  )
  const ifaces = (await run([], '/bin/probe', 'ifaces')).stdout
    .trim()
    .split('\n')
    .filter(line => / up=1/.test(line))
  t.equal(ifaces.length, 1, 'there is only the loopback to send on')
})

t.test('L11: modules, reboot, swap and settings of the whole machine are refused', async t => {
  const run = inBox(t)
  const calls =
    process.arch === 'arm64'
      ? {
          finit_module: ['273', '-1', '0', '0'],
          swapoff: ['225', '0'],
          acct: ['89', '0'],
          settimeofday: ['170', '0', '0'],
          iopl: undefined,
        }
      : {
          finit_module: ['313', '-1', '0', '0'],
          swapoff: ['168', '0'],
          acct: ['163', '0'],
          iopl: ['172', '3'],
          settimeofday: undefined,
        }
  for (const [name, args] of Object.entries(calls))
    if (args !== undefined)
      t.match((await run([], '/bin/probe', 'syscall', ...args)).stdout, /errno=(1|38)$/m, name)
})

t.test('L1–L14: nothing is left', async t => {
  t.same(await settled(boxes.marker), NOTHING)
})
