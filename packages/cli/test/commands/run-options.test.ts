import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Box, DEFAULT_CAPABILITIES, parseBox } from '@tsbox/spec'
import t from 'tap'
import { RUN_OPTIONS } from '../../src/commands/run-options.ts'
import { describeOptions } from '../../src/option.ts'
import { inputOf, settingsOf } from '../command-line.ts'

const WITHOUT_KILL = DEFAULT_CAPABILITIES.filter(name => name !== 'KILL')

/** For each option that says something of the box: how it is written, and what the checked box then holds. */
const BOX_ROWS: Readonly<Record<string, readonly [args: readonly string[], box: Record<string, unknown>]>> = {
  root: [['--root', 'host'], { root: { kind: 'host' } }],
  rootfs: [['--rootfs', '/r'], { root: { kind: 'directory', path: '/r' } }],
  layer: [['--layer', '/a', '--layer', '/b'], { root: { kind: 'layers', layers: ['/a', '/b'] } }],
  upper: [['--layer', '/a', '--upper', '/u'], { root: { kind: 'layers', layers: ['/a'], upper: '/u' } }],
  'read-only': [['--read-only'], { readOnly: true }],
  volume: [['-v', '/s:/d:ro'], { volumes: [{ source: '/s', target: '/d', readOnly: true }] }],
  tmpfs: [['--tmpfs', '/t:size=1m,mode=700'], { tmpfs: [{ target: '/t', size: 2 ** 20, mode: 0o700 }] }],
  name: [['--name', 'n'], { name: 'n' }],
  hostname: [['--hostname', 'h'], { hostname: 'h' }],
  workdir: [['-w', '/tmp'], { cwd: '/tmp' }],
  env: [['-e', 'A=1', '-e', 'B=x=y'], { env: { A: '1', B: 'x=y' } }],
  user: [['-u', '1000:1001'], { user: { uid: 1000, gid: 1001 } }],
  net: [['--net', 'host'], { network: 'host' }],
  pids: [['--pids', '20'], { limits: { pids: { max: 20 } } }],
  memory: [['-m', '64Mi'], { limits: { memory: { max: '64Mi' } } }],
  'memory-swap': [['--memory-swap', '1m'], { limits: { memory: { swap: '1m' } } }],
  cpus: [['--cpus', '1.5'], { limits: { cpu: { max: 1.5 } } }],
  'cpu-weight': [['--cpu-weight', '50'], { limits: { cpu: { weight: 50 } } }],
  'cpuset-cpus': [['--cpuset-cpus', '0-1'], { limits: { cpuset: { cpus: '0-1' } } }],
  'io-max': [
    ['--io-max', '8:0,rbps=1m,wiops=9', '--io-max', '8:16,wbps=max'],
    {
      limits: {
        io: {
          max: [
            { device: '8:0', rbps: '1m', wiops: 9 },
            { device: '8:16', wbps: 'max' },
          ],
        },
      },
    },
  ],
  ulimit: [['--ulimit', 'nofile=1:2'], { rlimits: [{ name: 'nofile', soft: 1, hard: 2 }] }],
  'cgroup-parent': [['--cgroup-parent', '/p'], { cgroupParent: '/p' }],
  'cap-add': [['--cap-drop', 'ALL', '--cap-add', 'KILL'], { capabilities: ['KILL'] }],
  'cap-drop': [['--cap-drop', 'KILL'], { capabilities: WITHOUT_KILL }],
  privileged: [['--privileged'], { privileged: true, noNewPrivs: false }],
  'security-opt': [['--security-opt', 'seccomp=unconfined'], { seccomp: 'unconfined' }],
  sysctl: [['--sysctl', 'kernel.msgmax=9'], { sysctls: { 'kernel/msgmax': '9' } }],
  timeout: [['--timeout', '5s'], { timeout: 5000 }],
  'stop-signal': [['--stop-signal', 'INT'], { stopSignal: 2 }],
  'stop-timeout': [['--stop-timeout', '1s'], { stopTimeout: 1000 }],
  init: [['--init'], { init: true }],
  'no-tty': [['--no-tty'], { terminal: false }],
}

/** Options that say something of the command itself. */
const SETTING_ROWS: Readonly<
  Record<string, readonly [args: readonly string[], settings: Record<string, unknown>]>
> = {
  tty: [['-t'], { terminal: true }],
  'dry-run': [['--dry-run'], { dryRun: true }],
  trace: [['--trace', '/t'], { trace: '/t' }],
  receipt: [['--receipt', '/r'], { receipt: '/r' }],
}

const boxOf = (...args: readonly string[]): Box => parseBox(inputOf(...args))

t.test('every option there is does what this file says of it, and no other', async t => {
  const known = [...new Set([...Object.keys(BOX_ROWS), ...Object.keys(SETTING_ROWS), 'env-file'])]
  t.strictSame(RUN_OPTIONS.map(({ name }) => name).sort(), known.sort())
})

for (const [name, [args, wanted]] of Object.entries(BOX_ROWS)) {
  t.test(`--${name} reaches the box`, async t => {
    t.match(boxOf(...args), wanted, args.join(' '))
    if (name !== 'no-tty') t.notMatch(boxOf(), wanted, 'and is not what a box is anyway')
  })
}

for (const [name, [args, wanted]] of Object.entries(SETTING_ROWS)) {
  t.test(`--${name} is noticed`, async t => {
    t.match(settingsOf(...args), wanted)
    t.notMatch(settingsOf(), wanted)
  })
}

t.test('--env-file brings in variables, one a line; later ones win', async t => {
  const file = join(t.testdir(), 'env')
  writeFileSync(file, '# comment\n\n  A=1\nB=2 3 \n __proto__=x\nPATH\nTSBOX_NOT_SET\n')
  const { env } = boxOf('-e', 'A=0', '--env-file', file, '-e', 'B=4')
  t.strictSame([env.A, env.B, env.PATH], ['1', '4', process.env.PATH])
  t.notOk('TSBOX_NOT_SET' in env)
  t.throws(() => boxOf('--env-file', '/no/such'), { code: 'ERR_TSBOX_USAGE', step: '--env-file' })
})

t.test('every short form is of one option only, and -h stays free for help', async t => {
  const shorts = RUN_OPTIONS.flatMap(({ short }) => (short === undefined ? [] : [short]))
  t.equal(new Set(shorts).size, shorts.length)
  t.notOk(shorts.includes('h'))
  t.equal(new Set(RUN_OPTIONS.map(({ name }) => name)).size, RUN_OPTIONS.length)
})

t.test('the options fit a screen of 100 columns and 50 lines', async t => {
  const lines = describeOptions(RUN_OPTIONS).split('\n')
  for (const line of lines) t.ok(line.length <= 100, line)
  t.ok(lines.length <= 44, `${lines.length} lines`)
})
