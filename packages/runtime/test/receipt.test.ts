import type { StatusRecord } from '@tsbox/protocol'
import t from 'tap'
import { MODES } from '../../plan/test/hosts.ts'
import { type Cause, receiptOf } from '../src/index.ts'
import { cgroupsOf, counter, indexOf, planOn, recordsOf } from './told.ts'

const plan = planOn('v2')
const receipt = (records: readonly StatusRecord[]) => receiptOf({ plan, records }, cgroupsOf('v2'))

t.test('a receipt tells the name, the times and a clean end', async t => {
  t.match(receipt(recordsOf()), {
    name: 'one',
    cause: 'exit',
    exitStatus: 0,
    signal: undefined,
    failedStep: undefined,
    timings: { cloned: 0, started: 1, exited: 4, tornDown: 9 },
  })
})

t.test('the exit status is that of the program, every one of them', async t => {
  for (const status of [0, 1, 42, 125, 126, 127, 128, 255]) {
    t.match(receipt(recordsOf({ wait: status << 8 })), {
      exitStatus: status,
      cause: 'exit',
      signal: undefined,
    })
  }
})

t.test('a program that died of a signal is told by name, with or without a core dump', async t => {
  t.match(receipt(recordsOf({ wait: 11 })), { exitStatus: 139, cause: 'signal', signal: 'SIGSEGV' })
  t.match(receipt(recordsOf({ wait: 11 | 0x80 })), { exitStatus: 139, cause: 'signal', signal: 'SIGSEGV' })
})

t.test('behind an init, the signal of the program is told, not how init passed it on', async t => {
  t.match(receipt(recordsOf({ wait: 143 << 8, signal: 15 })), {
    exitStatus: 143,
    cause: 'signal',
    signal: 'SIGTERM',
  })
})

t.test('what the supervisor ended is told by its reason', async t => {
  for (const reason of ['timeout', 'stopped', 'owner-lost'] as const) {
    t.match(receipt(recordsOf({ wait: 9, reason })), { cause: reason satisfies Cause, exitStatus: 137 })
  }
})

t.test('a box that never started is told by the step that failed', async t => {
  const index = indexOf(plan, 'pivotRoot')
  const made = receipt([
    { kind: 'cloned', pid: 7, ns: 1n },
    { kind: 'failed', code: 21, index, errno: 22, ns: 2n },
    { kind: 'exited', wait: 125 << 8, reason: 'exit', signal: 0, ns: 3n },
  ])
  t.match(made, { cause: 'setup', failedStep: 'pivotRoot', exitStatus: 125 })
  t.match(made.timings, { started: undefined, tornDown: undefined })
})

t.test('nothing told is a failed set-up, not an error', async t => {
  t.match(receipt([]), { cause: 'setup', exitStatus: 125, timings: { cloned: undefined } })
})

for (const mode of MODES) {
  t.test(`what a box used is read from the files of its hierarchy (${mode})`, async t => {
    const plan = planOn(mode)
    const v2 = mode === 'v2'
    const records = recordsOf({ wait: 9 }, [
      counter(plan, v2 ? 'memory.peak' : 'memory.max_usage_in_bytes', '1048576\n'),
      counter(
        plan,
        v2 ? 'memory.events' : 'memory.oom_control',
        v2 ? 'low 0\nhigh 0\nmax 3\noom 2\noom_kill 1\n' : 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n',
      ),
      counter(plan, 'pids.peak', '20\n'),
      counter(plan, 'pids.events', 'max 17\n'),
    ])
    const made = receiptOf({ plan, records }, cgroupsOf(mode))
    t.match(made, {
      cause: 'oom',
      limits: { oomKills: 1, pidsLimitHits: 17 },
      usage: { memory: { peakBytes: 1048576, events: { oomKill: 1 } }, pids: { peak: 20, limitHits: 17 } },
    })
  })

  t.test(`processor time is told in microseconds (${mode})`, async t => {
    const plan = planOn(mode)
    // On v1 cpuacct counts nanoseconds; with a v2 tree beside it, that tree counts.
    const told = mode === 'v1' ? counter(plan, 'cpuacct.usage', '1234000\n') : undefined
    const tree = { ...counter(plan, 'cpu.stat', 'usage_usec 1234\n') }
    if (mode === 'hybrid') Object.assign(tree, { index: lastCpuStat(plan) })
    const made = receiptOf({ plan, records: recordsOf({}, [told ?? tree]) }, cgroupsOf(mode))
    t.equal(made.usage.cpu.usageUs, 1234)
  })
}

const lastCpuStat = (plan: ReturnType<typeof planOn>): number => {
  const unified = plan.outer.findIndex(op => op.op === 'makeCgroup' && op.mount === '/sys/fs/cgroup/unified')
  const made = plan.outer[unified]
  return indexOf(plan, 'collect', { file: 'cpu.stat', dir: made?.op === 'makeCgroup' ? made.slot : -1 })
}

t.test('a process killed for memory that was not the program is told, and is not the cause', async t => {
  const oom = counter(plan, 'memory.events', 'oom_kill 1\n')
  t.match(receipt(recordsOf({ wait: 0 }, [oom])), { cause: 'exit', limits: { oomKills: 1 } })
  t.match(receipt(recordsOf({ wait: 15 }, [oom])), { cause: 'signal' })
})

t.test('what this kernel does not count is undefined, not zero', async t => {
  const { limits, usage } = receipt(recordsOf())
  t.strictSame(limits, { oomKills: undefined, pidsLimitHits: undefined })
  t.equal(usage.memory.peakBytes, undefined)
})

t.test('a receipt becomes JSON as it is', async t => {
  const text = JSON.stringify(receipt(recordsOf({ wait: 9 })))
  t.match(JSON.parse(text), { cause: 'signal', signal: 'SIGKILL' })
})
