// The exit status of `tsbox run` is the program's own, and where it is not, it says whose it is.
import { mkdirSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { boxTests, IN_VM } from '../helpers/box-test.ts'
import { tsbox } from '../helpers/command.ts'
import { startBox } from '../helpers/live-box.ts'

const test = boxTests(import.meta.filename)

/** Runs a job for each item, a few at a time. */
const each = async <T>(items: readonly T[], job: (item: T) => Promise<void>): Promise<void> => {
  const queue = [...items]
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await job(item)
  }
  await Promise.all(Array.from({ length: 4 }, worker))
}

// A start of Node takes a second where the processor is emulated.
const step = IN_VM ? 17 : 1
await test(`every exit status from 0 to 255 in steps of ${step} is passed on exactly`, async ({
  t,
  inProbe,
}) => {
  const codes = Array.from({ length: 256 / step }, (_, i) => i * step)
  const seen = new Map<number, number | null>()
  await each(codes, async code => {
    const { status } = await tsbox(['run', ...inProbe(`c${code}`), '/bin/probe', 'exit', String(code)])
    seen.set(code, status)
  })
  t.same(
    codes.map(code => seen.get(code)),
    codes,
  )
})

const DEADLY = IN_VM
  ? (['SIGKILL', 'SIGTERM'] as const)
  : ([
      'SIGHUP',
      'SIGINT',
      'SIGQUIT',
      'SIGABRT',
      'SIGKILL',
      'SIGUSR1',
      'SIGSEGV',
      'SIGTERM',
      'SIGALRM',
    ] as const)
await test('a program that dies of a signal gives 128 and the number of the signal', async ({
  t,
  inProbe,
}) => {
  // With --init the program is process 2, so a signal it sends itself (tkill) is deadly.
  const tkill = process.arch === 'x64' ? '200' : '130'
  await each(DEADLY, async signal => {
    const number = String(constants.signals[signal])
    const { status } = await tsbox([
      'run',
      '--init',
      ...inProbe(signal),
      '/bin/probe',
      'syscall',
      tkill,
      '2',
      number,
    ])
    t.equal(status, 128 + Number(number), signal)
  })
})

await test('a shell that is killed in the box gives 128 and the number too', async ({ t, name }) => {
  const { status } = await tsbox(['run', '--init', '--name', name(), 'sh', '-c', 'kill -SEGV $$'])
  t.equal(status, 139)
})

await test('a signal to the command gives 128 and its number, as if the program had died of it', async box => {
  const { t, inProbe } = box
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const pausing = startBox(['run', ...inProbe(signal), '/bin/probe', 'winch'])
    await pausing.until(/ready/)
    pausing.child.kill(signal)
    const { status, signal: died } = await pausing.ended
    t.equal(status, 128 + constants.signals[signal], signal)
    t.equal(died, null, 'an exit status, as of a shell')
  }
})

await test('125: tsbox itself refuses', async ({ t, name }) => {
  const { status, stdout } = await tsbox(['run', '--no-such-option', '--name', name(), 'true'])
  t.equal(status, 125)
  t.equal(stdout, '')
})

await test('126: the program is there and cannot be executed', async ({ t, inProbe, rootfs }) => {
  const directory = await tsbox(['run', ...inProbe('a'), '/bin'])
  t.equal(directory.status, 126, 'a directory')
  t.match(directory.stderr, 'ERR_TSBOX_NOT_EXECUTABLE')
  writeFileSync(join(rootfs, 'bin', 'plain'), 'no program', { mode: 0o644 })
  const plain = await tsbox(['run', ...inProbe('b'), '/bin/plain'])
  t.equal(plain.status, 126, 'a file that is not executable')
  t.match(plain.stderr, 'execute permission')
  writeFileSync(join(rootfs, 'bin', 'noformat'), 'no program', { mode: 0o755 })
  const format = await tsbox(['run', ...inProbe('c'), '/bin/noformat'])
  t.equal(format.status, 126, 'a file of no known format')
  t.match(format.stderr, 'exec format error')
})

await test('127: the program is not there', async ({ t, inProbe, rootfs }) => {
  const absolute = await tsbox(['run', ...inProbe('a'), '/bin/none'])
  t.equal(absolute.status, 127)
  t.match(absolute.stderr, /^tsbox: "\/bin\/none" cannot be executed: .*\[ERR_TSBOX_NOT_FOUND\]\n/)
  const word = await tsbox(['run', ...inProbe('b'), 'none'])
  t.equal(word.status, 127)
  writeFileSync(join(rootfs, 'bin', 'script'), '#!/bin/no-such-interpreter\n', { mode: 0o755 })
  const script = await tsbox(['run', ...inProbe('c'), '/bin/script'])
  t.equal(script.status, 127, 'a script without its interpreter')
  t.match(script.stderr, 'interpreter')
  const empty = await tsbox(['run', ...inProbe('d'), ''])
  t.equal(empty.status, 127, 'an empty word is no program')
})

await test('126 and 127 of the program itself are passed on without a word of ours', async ({
  t,
  inProbe,
}) => {
  for (const code of ['125', '126', '127']) {
    const { status, stderr } = await tsbox(['run', ...inProbe(code), '/bin/probe', 'exit', code])
    t.equal(status, Number(code))
    t.equal(stderr, '')
  }
})

await test('the first file on PATH that can be executed runs, as execvp(3) would have it', async box => {
  const { t, inProbe, rootfs } = box
  const args = (suffix: string) => [
    'run',
    ...inProbe(suffix),
    '-e',
    'PATH=/a:/none:/bin',
    'probe',
    'exit',
    '9',
  ]
  inProbe()
  mkdirSync(join(rootfs, 'a'))
  writeFileSync(join(rootfs, 'a', 'probe'), 'not executable', { mode: 0o644 })
  t.equal((await tsbox(args('a'))).status, 9)
})
