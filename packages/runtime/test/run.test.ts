import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { NOTHING, settled, snapshot } from '../../../test/helpers/residue.ts'
import { type RunOptions, run } from '../src/index.ts'

const marker = `unit-run-${process.pid}`
let count = 0
const start = (input: Partial<Parameters<typeof run>[0]>, options?: RunOptions) =>
  run({ args: ['true'], name: `${marker}-${++count}`, ...input }, options)
const sh = (script: string, input: Partial<Parameters<typeof run>[0]> = {}, options?: RunOptions) =>
  start({ args: ['sh', '-c', script], ...input }, options)

/** Settles when the box has said this much: from then on its program runs. */
const said = async (box: ReturnType<typeof run>, word: string): Promise<void> => {
  let got = ''
  for await (const chunk of box.stdout!) {
    got += String(chunk)
    if (got.includes(word)) return
  }
  throw new Error(`the box ended and said only ${JSON.stringify(got)}`)
}

/** A test after which nothing is left on the host. */
const test = (title: string, body: (t: Test) => Promise<void>) =>
  t.test(title, async t => {
    await body(t)
    t.strictSame(await settled(marker), NOTHING, 'nothing is left on the host')
  })

test('a box is started, heard and asked for its receipt', async t => {
  const box = sh('echo out; echo err >&2; exit 3')
  const [out, err, receipt] = await Promise.all([text(box.stdout!), text(box.stderr!), box.receipt])
  t.strictSame([out, err], ['out\n', 'err\n'])
  t.match(receipt, { name: box.name, cause: 'exit', exitStatus: 3, failedStep: undefined })
  t.strictSame(snapshot(marker), NOTHING, 'when the receipt is there, nothing else is')
})

test('a receipt tells what the box used and when', async t => {
  const { usage, timings, limits } = await sh('i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done').receipt
  t.ok(usage.cpu.usageUs! > 0, 'processor time')
  t.ok(usage.pids.peak === undefined || usage.pids.peak >= 1, 'processes, where this kernel keeps the peak')
  t.strictSame(limits, { oomKills: 0, pidsLimitHits: 0 })
  const { cloned = -1, started = -1, exited = -1, tornDown = -1 } = timings
  t.ok(0 <= cloned && cloned <= started && started <= exited && exited <= tornDown, JSON.stringify(timings))
})

test('what is written to a box reaches its program', async t => {
  const box = start({ args: ['cat'] }, { stdio: ['pipe', 'pipe', 'inherit'] })
  box.stdin!.end('to and fro')
  t.equal(await text(box.stdout!), 'to and fro')
  t.equal((await box.receipt).exitStatus, 0)
})

t.test(
  'without being asked for, standard input is empty and nothing of this environment is there',
  async t => {
    process.env.TSBOX_UNIT_SECRET = marker
    t.teardown(() => delete process.env.TSBOX_UNIT_SECRET)
    const box = sh('cat; env')
    t.notMatch(await text(box.stdout!), marker)
  },
)

test('an AbortSignal stops a box: its stop signal first', async t => {
  for (const init of [false, true]) {
    const abort = new AbortController()
    const box = sh('echo ready; exec sleep 60', { init }, { signal: abort.signal })
    await said(box, 'ready')
    abort.abort()
    t.match(await box.receipt, { cause: 'stopped', exitStatus: 143 }, `init: ${init}`)
  }
})

test('a program that ignores its stop signal is killed when patience ends', async t => {
  const box = sh('trap "" TERM; echo ready; while :; do sleep 1; done', { stopTimeout: '100ms' })
  await said(box, 'ready')
  box.stop()
  t.match(await box.receipt, { cause: 'stopped', signal: 'SIGKILL', exitStatus: 137 })
})

test('a signal that was aborted before means no box at all', async t => {
  t.throws(() => start({}, { signal: AbortSignal.abort() }), { name: 'AbortError' })
})

test('a box that is stopped while it is being set up ends and leaves nothing', async t => {
  for (let i = 0; i < 5; i++) {
    const box = start({ args: ['sleep', '60'], stopTimeout: 0 })
    box.stop()
    const ended = await box.receipt.then(
      ({ cause }) => cause,
      error => error.code,
    )
    t.ok(['stopped', 'ERR_TSBOX_SHIM_DIED'].includes(ended), ended)
  }
})

test('kill() ends everything in a box at once', async t => {
  const box = sh('trap "" TERM; sleep 60 & sleep 60 & echo ready; wait')
  await said(box, 'ready')
  box.kill()
  t.match(await box.receipt, { cause: 'owner-lost', signal: 'SIGKILL' })
})

test('a box bound with `await using` is gone at the end of its block', async t => {
  const name = `${marker}-using`
  {
    await using box = sh('echo ready; sleep 60', { name })
    await said(box, 'ready')
    t.not(snapshot(name).cgroups.length, 0, 'it was there')
  }
  t.strictSame(snapshot(name), NOTHING)
})

test('a box that is over its time is ended', async t => {
  t.match(await start({ args: ['sleep', '60'], timeout: '300ms', stopTimeout: 0 }).receipt, {
    cause: 'timeout',
  })
})

test('a box that runs out of memory is told as such', async t => {
  const receipt = await start({ args: ['tail', '/dev/zero'], limits: { memory: { max: '24Mi' } } }).receipt
  t.match(receipt, { cause: 'oom', signal: 'SIGKILL', exitStatus: 137 })
  t.ok(receipt.limits.oomKills! >= 1)
})

test('the limit on processes holds and is told', async t => {
  const box = sh('for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done; true', { limits: { pids: { max: 5 } } })
  const { limits, usage } = await box.receipt
  t.ok(limits.pidsLimitHits! >= 1)
  t.ok(usage.pids.peak === undefined || usage.pids.peak <= 5)
})

test('what cannot be run is a typed error of the receipt', async t => {
  await t.rejects(start({ args: ['no-such-program'] }).receipt, {
    code: 'ERR_TSBOX_NOT_FOUND',
    exitStatus: 127,
  })
  await t.rejects(start({ args: ['/etc/passwd'] }).receipt, {
    code: 'ERR_TSBOX_NOT_EXECUTABLE',
    exitStatus: 126,
  })
  await t.rejects(start({ cwd: '/no/such' }).receipt, {
    code: 'ERR_TSBOX_STEP',
    step: 'changeDir',
    index: Number,
  })
})

test('a name that is taken is a typed error, and the box that has it lives on', async t => {
  const name = `${marker}-taken`
  const first = sh('echo ready; cat', { name }, { stdio: ['pipe', 'pipe', 'inherit'] })
  await said(first, 'ready')
  await t.rejects(start({ name }).receipt, { code: 'ERR_TSBOX_NAME_TAKEN' })
  first.stdin!.end()
  t.match(await first.receipt, { cause: 'exit', exitStatus: 0 })
})

test('a box that cannot be is refused before anything is changed', async t => {
  t.throws(() => start({ args: [] as never }), { code: 'ERR_TSBOX_SPEC' })
  t.throws(() => start({ timeout: 'soon' }), { code: 'ERR_TSBOX_SIZE' })
  t.throws(() => start({ root: { kind: 'directory', path: '/no/such' } }), { code: 'ERR_TSBOX_ROOTFS' })
  t.throws(() => start({ cgroupParent: '/..' }), { code: 'ERR_TSBOX_SPEC' })
})

test('an error nobody asks for does not end the process', async t => {
  const box = start({ args: ['no-such-program'] })
  await text(box.stderr!)
  await new Promise(resolve => setImmediate(resolve))
  t.pass('still here')
})

test('without root nothing is tried', async t => {
  process.seteuid!(65534)
  try {
    t.throws(() => start({}), { code: 'ERR_TSBOX_NOT_ROOT', hint: /sudo/ })
  } finally {
    process.seteuid!(0)
  }
})

test('20 boxes run side by side, each with its own end', async t => {
  const boxes = Array.from({ length: 20 }, (_, i) => sh(`echo ${i}; exit ${i}`))
  const outputs = await Promise.all(boxes.map(box => text(box.stdout!)))
  const receipts = await Promise.all(boxes.map(box => box.receipt))
  const numbers = boxes.map((_, i) => i)
  t.strictSame(
    outputs,
    numbers.map(i => `${i}\n`),
  )
  t.strictSame(
    receipts.map(({ exitStatus }) => exitStatus),
    numbers,
  )
  t.strictSame(snapshot(marker), NOTHING)
})

test('no descriptor of this process is lost over many boxes', async t => {
  const { readdirSync } = await import('node:fs')
  const open = () => readdirSync('/proc/self/fd').length
  await start({}).receipt
  const before = open()
  for (let i = 0; i < 5; i++) {
    const box = start({})
    await Promise.all([box.receipt, text(box.stdout!), text(box.stderr!)])
  }
  await new Promise(resolve => setTimeout(resolve, 50))
  t.ok(open() <= before, `${before} before, ${open()} after`)
})
