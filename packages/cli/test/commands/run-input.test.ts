import { parseBox } from '@tsbox/spec'
import t from 'tap'
import { boxInput } from '../../src/commands/run-input.ts'
import { newRunSettings } from '../../src/commands/run-settings.ts'
import { inputOf } from '../command-line.ts'

t.test('a command line without options asks for a box of the host’s programs', async t => {
  t.match(inputOf(), { args: ['true'], root: { kind: 'system' }, limits: {}, terminal: false })
})

t.test('the program and its arguments stay what they are', async t => {
  const args = ['sh', '-c', 'x y', '', '--rootfs']
  t.strictSame(boxInput(newRunSettings(), args).args, args)
})

t.test('no program is refused', async t => {
  t.throws(() => boxInput(newRunSettings(), []), {
    code: 'ERR_TSBOX_USAGE',
    message: /no program/,
    hint: /tsbox run/,
  })
})

t.test('a root from a variable that was not set is refused; it is not the working directory', async t => {
  for (const args of [
    ['--rootfs', ''],
    ['--layer', ''],
    ['--layer', '/a', '--upper', ''],
  ]) {
    t.throws(() => inputOf(...args), { code: 'ERR_TSBOX_USAGE', message: /empty/ }, args.join(' '))
  }
})

t.test('roots that contradict each other are refused by their names', async t => {
  for (const [one, other] of [
    [
      ['--root', 'host'],
      ['--rootfs', '/r'],
    ],
    [
      ['--root', 'system'],
      ['--layer', '/a'],
    ],
    [
      ['--rootfs', '/r'],
      ['--layer', '/a'],
    ],
  ] as const) {
    t.throws(() => inputOf(...one, ...other), {
      code: 'ERR_TSBOX_USAGE',
      message: new RegExp(`${one[0]} and ${other[0]}`),
    })
  }
  t.throws(() => inputOf('--upper', '/u'), { code: 'ERR_TSBOX_USAGE', message: /--upper needs a --layer/ })
  t.throws(() => inputOf('--rootfs', '/r', '--upper', '/u'), { code: 'ERR_TSBOX_USAGE' })
  t.throws(() => inputOf('--root', '/r'), { code: 'ERR_TSBOX_USAGE', hint: /--rootfs/ })
})

t.test('directories of the host may be given relative to where the command runs', async t => {
  const here = process.cwd()
  t.strictSame(inputOf('--rootfs', 'r').root, { kind: 'directory', path: `${here}/r` })
  t.strictSame(inputOf('--layer', 'a', '--upper', '../u').root, {
    kind: 'layers',
    layers: [`${here}/a`],
    upper: here.replace(/[^/]*$/, 'u'),
  })
})

t.test('a terminal is asked for in vain where there is none', async t => {
  t.throws(() => inputOf('-t'), { code: 'ERR_TSBOX_USAGE', message: /terminals/ })
  t.equal(inputOf('-T').terminal, false)
})

t.test('a number that is none is refused by its option', async t => {
  for (const text of ['', 'two', '-1', '1,5', '1e3', 'Infinity', '0x2']) {
    t.throws(() => inputOf('--cpus', text), { code: 'ERR_TSBOX_SIZE', step: '--cpus' }, JSON.stringify(text))
    t.throws(() => inputOf('--cpu-weight', text), { code: 'ERR_TSBOX_SIZE', step: '--cpu-weight' })
  }
})

t.test('what a limit cannot be is refused when the box is checked, by the limit’s name', async t => {
  for (const [args, step] of [
    [['--pids', '0'], 'pids.max'],
    [['--memory', 'much'], 'memory.max'],
    [['--memory-swap', 'much'], 'memory.swap'],
    [['--cpus', '0'], 'cpu.max'],
    [['--cpu-weight', '10001'], 'cpu.weight'],
    [['--cpuset-cpus', 'a'], 'cpuset.cpus'],
    [['--io-max', '8:0,rbps=fast'], 'io.max[0].rbps'],
  ] as const) {
    t.throws(() => parseBox(inputOf(...args)), { code: /ERR_TSBOX_(SPEC|SIZE)/, step }, args.join(' '))
  }
})
