import { spawnSync } from 'node:child_process'
import t from 'tap'

const MODULE = new URL('../../src/report/print.ts', import.meta.url).href

/** What a piece of code that prints has printed; printing goes past process.stdout, so it is a process of its own. */
const printed = (code: string) => {
  const script = `
    const { printError, printNotes, printText } = await import(${JSON.stringify(MODULE)})
    const { TsboxError } = await import('@tsbox/errors')
    ${code}`
  const args = ['--conditions=@tsbox/source', '--input-type=module', '-e', script]
  const { stdout, stderr, status } = spawnSync(process.execPath, args, {
    cwd: import.meta.dirname,
    env: { NODE_OPTIONS: '' },
  })
  return { stdout: String(stdout), stderr: String(stderr), status }
}

t.test('an error is its message, its code and, on a line of its own, what to try', async t => {
  t.strictSame(printed(`printError(new TsboxError('ERR_TSBOX_SPEC', 'no', { hint: 'Say yes.' }))`), {
    stdout: '',
    stderr: 'tsbox: no [ERR_TSBOX_SPEC]\n  Say yes.\n',
    status: 0,
  })
  t.equal(
    printed(`printError(new TsboxError('ERR_TSBOX_SPEC', 'no'))`).stderr,
    'tsbox: no [ERR_TSBOX_SPEC]\n',
  )
})

t.test('control characters of messages, hints and notes are shown, not sent (F5)', async t => {
  const evil = String.raw`'\x1b]0;x\x07\x9b2J\x7f\r\n\u202e\u2066\u200f\u061c\u2028\x00'`
  const shown = String.raw`\u001b]0;x\u0007\u009b2J\u007f\u000d\u000a\u202e\u2066\u200f\u061c\u2028\u0000`
  const { stderr } = printed(
    `printError(new TsboxError('ERR_TSBOX_SPEC', ${evil}, { hint: ${evil} })); printNotes([${evil}])`,
  )
  t.equal(stderr, `tsbox: ${shown} [ERR_TSBOX_SPEC]\n  ${shown}\ntsbox: ${shown}\n`)
})

t.test('a bug is told with its stack, and is no danger to a terminal either', async t => {
  const { stderr } = printed(String.raw`printError(new Error('bug \x1b[2J'))`)
  t.match(stderr, /^tsbox: Error: bug \\u001b\[2J\n {4}at /)
  t.equal(printed(`printError('thrown text')`).stderr, 'tsbox: thrown text\n')
})

t.test('text in other scripts, and tabs, are left alone', async t => {
  t.equal(printed(`printNotes(['tab\\there ü 日本 😀'])`).stderr, 'tsbox: tab\there ü 日本 😀\n')
})

t.test('a reader that went away is no reason to fail', async t => {
  const script = `const { printText } = await import(${JSON.stringify(MODULE)}); printText('x'.repeat(1e6))`
  const { status, stderr } = spawnSync(
    'sh',
    [
      '-c',
      '{ "$0" --conditions=@tsbox/source --input-type=module -e "$1"; echo "status $?" >&2; } | head -c 1 >/dev/null',
      process.execPath,
      script,
    ],
    { env: { ...process.env, NODE_OPTIONS: '' } },
  )
  t.match(String(stderr), /status 0/)
  t.equal(status, 0)
})
