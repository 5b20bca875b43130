// The receipt: what a box used and why it ended, and where that is written.
import { readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { boxTests } from '../helpers/box-test.ts'
import { command, outcomeOf, tsbox } from '../helpers/command.ts'
import { startBox } from '../helpers/live-box.ts'

const test = boxTests(import.meta.filename)

await test('--receipt: what the box used and why it ended, with units in the names', async ({
  t,
  inProbe,
  name,
  dir,
}) => {
  const file = join(dir, 'receipt.json')
  const { stdout, stderr, status } = await tsbox([
    'run',
    '--receipt',
    file,
    ...inProbe(),
    '/bin/probe',
    'spin',
    '0.1',
  ])
  t.same([stdout, stderr, status], ['spun\n', '', 0], 'nothing else is said')
  const receipt = JSON.parse(readFileSync(file, 'utf8'))
  t.match(receipt, { name: name(), cause: 'exit', exitStatus: 0, limits: { oomKills: 0, pidsLimitHits: 0 } })
  t.ok(receipt.usage.cpu.usageUs > 1000, `µs of a program that spun for 100 ms: ${receipt.usage.cpu.usageUs}`)
  t.ok(receipt.usage.memory.peakBytes === undefined || receipt.usage.memory.peakBytes > 0)
  const { cloned, started, exited, tornDown } = receipt.timings
  t.ok(cloned <= started && started < exited && exited <= tornDown, JSON.stringify(receipt.timings))
  t.ok(exited - started >= 100, 'milliseconds')
  t.ok('pressure' in receipt.usage && 'io' in receipt.usage)
})

await test('--receipt: the cause of every kind of end', async ({ t, inProbe, dir }) => {
  const cause = async (suffix: string, ...args: string[]) => {
    const file = join(dir, `${suffix}.json`)
    await tsbox([
      'run',
      '--receipt',
      file,
      ...args.slice(0, -2),
      ...inProbe(suffix),
      '/bin/probe',
      ...args.slice(-2).filter(Boolean),
    ])
    return JSON.parse(readFileSync(file, 'utf8'))
  }
  t.match(await cause('exit', 'exit', '9'), { cause: 'exit', exitStatus: 9 })
  t.match(await cause('timeout', '--timeout', '1s', 'winch', ''), { cause: 'timeout', exitStatus: 143 })
  t.match(await cause('oom', '--memory', '16Mi', 'alloc', '99999999'), {
    cause: 'oom',
    exitStatus: 137,
    signal: 'SIGKILL',
  })
  t.match(await cause('setup', '-w', '/none', 'true', ''), {
    cause: 'setup',
    exitStatus: 125,
    failedStep: 'changeDir',
  })
  const live = startBox([
    'run',
    '--receipt',
    join(dir, 'signal.json'),
    ...inProbe('s'),
    '/bin/probe',
    'winch',
  ])
  await live.until(/ready/)
  live.child.kill('SIGINT')
  await live.ended
  t.match(JSON.parse(readFileSync(join(dir, 'signal.json'), 'utf8')), {
    cause: 'signal',
    exitStatus: 130,
    signal: 'SIGINT',
  })
})

await test('--receipt replaces what was there at once, and never writes through a link', async ({
  t,
  inProbe,
  dir,
}) => {
  const [file, other] = [join(dir, 'receipt.json'), join(dir, 'other')]
  writeFileSync(other, 'untouched')
  symlinkSync(other, file)
  await tsbox(['run', '--receipt', file, ...inProbe('a'), '/bin/probe', 'true'])
  t.equal(readFileSync(other, 'utf8'), 'untouched')
  t.equal(JSON.parse(readFileSync(file, 'utf8')).cause, 'exit')
  t.same(readdirSync(dir).sort(), ['other', 'receipt.json', 'rootfs'], 'no temporary file is left')
  const { stdout } = await outcomeOf('stat', ['-c', '%a', file])
  t.match(stdout, /^6[04][04]\n$/)
})

await test('--receipt to a standard stream is written there, and the link of that name stays', async box => {
  const { t, inProbe } = box
  const link = readlinkSync('/dev/stdout')
  for (const [i, target] of ['-', '/dev/stdout', '/dev/fd/1'].entries()) {
    const { stdout, status } = await tsbox([
      'run',
      '--receipt',
      target,
      ...inProbe(`${i}`),
      '/bin/probe',
      'true',
    ])
    t.equal(status, 0)
    t.equal(JSON.parse(stdout).cause, 'exit', target)
  }
  const onError = await tsbox(['run', '--receipt', '/dev/stderr', ...inProbe('e'), '/bin/probe', 'true'])
  t.equal(JSON.parse(onError.stderr).cause, 'exit')
  t.equal(readlinkSync('/dev/stdout'), link)
  for (const target of ['/dev/fd/9', '/dev/receipt', '/proc/receipt', '/sys/receipt']) {
    const { stderr, status } = await tsbox([
      'run',
      '--receipt',
      target,
      ...inProbe('x'),
      '/bin/probe',
      'true',
    ])
    t.equal(status, 125, target)
    t.match(stderr, /ERR_TSBOX_USAGE/)
  }
})

await test('--receipt is made with the umask of the caller, and has the status the command ends with', async box => {
  const { t, inProbe, dir } = box
  const file = join(dir, 'receipt.json')
  const words = ['run', '--receipt', file, ...inProbe(), '/bin/no-such-program']
  const script = 'umask 077; exec "$@"'
  const { status } = await outcomeOf('sh', ['-c', script, 'sh', command(), ...words])
  t.equal(status, 127)
  t.equal(JSON.parse(readFileSync(file, 'utf8')).exitStatus, 127)
  t.equal(statSync(file).mode & 0o777, 0o600)
})
