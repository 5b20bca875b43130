import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { VERSION } from '../src/version.ts'
import { tsboxFromSource } from './command-line.ts'

t.test('the command says its version and what it can do', async t => {
  t.strictSame(tsboxFromSource(['--version']), { status: 0, stdout: `tsbox ${VERSION}\n`, stderr: '' })
  for (const word of ['--help', '-h', 'help']) {
    t.match(tsboxFromSource([word]), {
      status: 0,
      stdout: /^Usage: tsbox COMMAND\n[\s\S]*\n {2}run [\s\S]*Example:/,
      stderr: '',
    })
  }
})

t.test("help about a command is that command's own help", async t => {
  t.match(tsboxFromSource(['help', 'run']), { status: 0, stdout: /^Usage: tsbox run / })
  t.match(tsboxFromSource(['help', 'doctor']), { status: 0, stdout: /^Usage: tsbox doctor/ })
})

t.test('no command at all is answered with help, and is no success', async t => {
  t.match(tsboxFromSource([]), { status: 125, stdout: /^Usage/ })
})

t.test('a command there is not is a typed error with the documented status', async t => {
  t.strictSame(tsboxFromSource(['fly']), {
    status: 125,
    stdout: '',
    stderr:
      'tsbox: there is no command "fly" [ERR_TSBOX_USAGE]\n  See `tsbox --help`; to run a program: tsbox run CMD.\n',
  })
})

t.test('an error takes one to three lines, whatever caused it', async t => {
  for (const args of [
    ['run'],
    ['run', '--fly'],
    ['run', '--memory', 'much', 'true'],
    ['run', '--rootfs', '/no/such', 'true'],
    ['run', '--rootfs', '/a\nb', 'true'],
    ['doctor', 'x'],
  ]) {
    const { status, stdout, stderr } = tsboxFromSource(args)
    const lines = stderr.trimEnd().split('\n').length
    t.ok(lines >= 1 && lines <= 3, `${args.join(' ')}: ${lines} lines`)
    t.match(stderr, /^tsbox: .+ \[ERR_TSBOX_[A-Z_]+\]\n( {2}\S.+\n)?$/)
    t.strictSame([status, stdout], [125, ''])
  }
})

t.test('what a hostile argument holds does not reach the terminal as it is (F5)', async t => {
  const evil = '\u001b]0;owned\u0007\u001b[2J\u202e\u009b1m\r\u2028'
  for (const args of [
    ['run', `--what is this${evil}`],
    ['run', '--rootfs', `/no/such${evil}`, 'true'],
    ['run', '--env-file', `/no/such${evil}`, 'true'],
  ]) {
    const { stderr } = tsboxFromSource(args)
    t.match(stderr, /\[ERR_TSBOX_/)
    t.notMatch(
      stderr.replaceAll('\n', ''),
      /[\p{Cc}\u2028\u202e]/u,
      args.slice(0, 2).join(' ').slice(0, 14).trim(),
    )
  }
})

t.test('a dry run prints the plan, does nothing, and is no danger to a terminal either', async t => {
  const { status, stdout } = tsboxFromSource([
    'run',
    '--dry-run',
    '--name',
    'dry',
    '-e',
    'A=\u001b[2J\u202e',
    'true',
  ])
  t.equal(status, 0)
  t.match(stdout, /^outer: [\s\S]*\ninner: [\s\S]*\nteardown: /)
  t.match(stdout, /claim slot=#\d+ path="\/run\/tsbox\/dry"/)
  t.notMatch(stdout.replaceAll('\n', ''), /[\p{Cc}\u202e]/u)
})

t.test('a file of variables for the box says nothing to the Node that tsbox runs on', async t => {
  const file = join(t.testdir(), 'env')
  writeFileSync(file, 'NODE_OPTIONS=--no-such-option-of-node\nA=1\n')
  const { status, stdout } = tsboxFromSource(['run', '--dry-run', '--env-file', file, 'true'])
  t.equal(status, 0)
  t.match(stdout, /"A=1"/)
  // Node looks for --env-file in all words up to a lone --, so every way to start tsbox has to have one.
  const config = readFileSync(join(import.meta.dirname, '..', 'tsup.config.ts'), 'utf8')
  t.match(config, /'#!\/usr\/bin\/env -S node --disable-sigusr1 --'/)
})
