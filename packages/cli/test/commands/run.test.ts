import t from 'tap'
import { runCommand } from '../../src/commands/run.ts'

t.test('the help of run says how, shows an example and fits a screen', async t => {
  const text = runCommand(['--help'])
  t.match(text, /^Usage: tsbox run \[options\] \[--\] CMD/)
  t.match(text, /\nExample: sudo tsbox run .+\n$/)
  const lines = text.trimEnd().split('\n')
  t.ok(lines.length <= 50, `${lines.length} lines`)
  for (const line of lines) t.ok(line.length <= 100, line)
})

t.test('help is given without root and without a program', async t => {
  process.seteuid!(65534)
  try {
    t.match(runCommand(['-h']), /^Usage/)
    t.match(runCommand(['--dry-run', 'true']), /^outer/, 'and so is a plan')
    t.throws(() => runCommand(['true']), { code: 'ERR_TSBOX_NOT_ROOT', hint: /sudo/ })
  } finally {
    process.seteuid!(0)
  }
})

t.test('a plan is described for what was asked', async t => {
  const text = runCommand([
    '--dry-run',
    '--name',
    'dry',
    '--hostname',
    'web-1',
    '--pids',
    '20',
    'echo',
    'a b',
  ])
  t.match(text, /setHostname name="web-1"/)
  t.match(text, /file="pids.max" data="20"/)
  t.match(text, /exec paths=\[.*"\/usr\/bin\/echo".*\] argv=\["echo", "a b"\]/)
})

t.test('a receipt or trace that could not be written is refused before the box runs', async t => {
  for (const option of ['--receipt', '--trace']) {
    t.throws(() => runCommand([option, '/no/such/dir/file', 'true']), {
      code: 'ERR_TSBOX_USAGE',
      message: /cannot be written/,
    })
    t.throws(() => runCommand([option, t.testdirName.replace(/[^/]*$/, ''), 'true']), {
      code: 'ERR_TSBOX_USAGE',
    })
  }
})
