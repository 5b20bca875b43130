import { existsSync } from 'node:fs'
import { encode, type Op, PLAN_FLAGS, PROTOCOL } from '@tsbox/protocol'
import t, { type Test } from 'tap'
import { errorOf } from '../src/index.ts'
import { isStartable, runDir, SHIMS, smallPlan, start, type Told } from './shims.ts'

const AWAIT: Op = { op: 'await', tag: 1 }
const kindsOf = ({ records }: Told) => records.map(({ kind }) => kind)
const find = ({ records }: Told, kind: string) => records.find(record => record.kind === kind)

for (const [build, shim] of Object.entries(SHIMS)) {
  if (!isStartable(shim)) {
    t.equal(build, 'sanitized', `the ${build} shim cannot be started here: only the other one is tested`)
    continue
  }
  let count = 0
  const newName = () => `launch-${process.pid}-${build}-${++count}`
  /** A sanitizer that finds something says so on standard error and changes the status. */
  const ends = (test: Test, told: Told, code: number, name: string) => {
    test.equal(told.stderr, '', 'nothing is said')
    test.equal(told.code, code)
    test.notOk(existsSync(runDir(name)), 'the run directory is gone')
  }

  t.test(`${build}: a plan runs, and the shim ends as the program does`, async t => {
    for (const [script, code, wait] of [
      ['exit 7', 7, 7 << 8],
      ['exit 0', 0, 0],
      ['kill -9 $$', 137, 9],
    ] as const) {
      const name = newName()
      const told = await start(shim, smallPlan(name, script)).told
      ends(t, told, code, name)
      t.same(kindsOf(told), ['cloned', 'started', 'exited', 'tornDown'])
      t.match(find(told, 'exited'), { wait, reason: 'exit' })
    }
  })

  t.test(
    `${build}: a program that is nowhere is told with its operation, and everything is undone`,
    async t => {
      const name = newName()
      const plan = smallPlan(name, '')
      const nowhere: Op = { op: 'exec', paths: ['/nowhere/at-all'], argv: ['at-all'], env: [] }
      const told = await start(shim, { ...plan, inner: [nowhere] }).told
      ends(t, told, 125, name)
      t.same(kindsOf(told), ['cloned', 'failed', 'exited', 'tornDown'])
      t.match(find(told, 'failed'), { index: plan.outer.length, errno: 2 })
      t.match(errorOf({ ...plan, inner: [nowhere] }, told.records), {
        code: 'ERR_TSBOX_NOT_FOUND',
        exitStatus: 127,
      })
    },
  )

  t.test(`${build}: an operation that fails ends the set-up where it stands`, async t => {
    for (const chapter of ['outer', 'inner'] as const) {
      const name = newName()
      const missing: Op = { op: 'open', slot: 1, path: '/nowhere/at-all', flags: 0 }
      const plan = smallPlan(name, 'exit 0', { [chapter]: [missing] })
      const told = await start(shim, plan).told
      ends(t, told, 125, name)
      t.match(errorOf(plan, told.records), {
        code: 'ERR_TSBOX_ROOTFS',
        step: 'open',
        index: chapter === 'outer' ? 1 : 3,
      })
      t.notOk(find(told, 'started'))
    }
  })

  t.test(`${build}: an await waits for its answer, in every chapter`, async t => {
    for (const chapter of ['outer', 'inner', 'teardown'] as const) {
      const name = newName()
      const plan = smallPlan(name, 'exit 3', { [chapter]: [AWAIT, AWAIT] })
      let asked = 0
      const { told } = start(shim, plan, (record, running) => {
        if (record.kind !== 'await') return
        t.ok(existsSync(runDir(name)), 'the box is there while it waits')
        asked++
        running.release()
      })
      ends(t, await told, 3, name)
      t.equal(asked, 2, `${chapter}: asked as often as the plan says`)
    }
  })

  t.test(`${build}: a box whose owner is gone is killed, wherever it stands`, async t => {
    // Init may see the end of the pipe itself, or be killed by the supervisor that saw it first.
    for (const [chapter, codes] of [
      ['outer', [125]],
      ['inner', [125, 137]],
      ['teardown', [3]],
    ] as const) {
      const name = newName()
      const plan = smallPlan(name, 'exit 3', { [chapter]: [AWAIT] })
      const { told } = start(shim, plan, (record, running) => record.kind === 'await' && running.abandon())
      const { code } = await told
      ends(t, await told, codes.find(expected => expected === code) ?? codes[0], name)
    }
    const name = newName()
    const { told } = start(shim, smallPlan(name, 'exec sleep 60'), (record, running) => {
      if (record.kind === 'started') running.abandon()
    })
    ends(t, await told, 137, name)
    t.match(find(await told, 'exited'), { reason: 'owner-lost', wait: 9 })
  })

  t.test(`${build}: a box without a lease outlives its owner`, async t => {
    const name = newName()
    const { told } = start(shim, smallPlan(name, 'sleep 0.2; exit 5', { flags: 0 }), (record, running) => {
      if (record.kind === 'started') running.abandon()
    })
    ends(t, await told, 5, name)
  })

  t.test(`${build}: a time limit ends the program and is told`, async t => {
    const name = newName()
    const told = await start(shim, smallPlan(name, 'exec sleep 60', { timeoutMs: 100 })).told
    ends(t, told, 143, name)
    t.match(find(told, 'exited'), { reason: 'timeout' })
  })

  t.test(`${build}: teardown goes on past what fails`, async t => {
    const name = newName()
    const gone: Op = { op: 'collect', dir: 5, file: 'nothing', key: null }
    const told = await start(shim, smallPlan(name, 'exit 4', { teardown: [gone, gone] })).told
    ends(t, told, 4, name)
    t.equal(told.records.filter(({ kind }) => kind === 'failed').length, 2)
  })

  t.test(`${build}: counters are read after the last exit`, async t => {
    const name = newName()
    const dir: Op = { op: 'open', slot: 6, path: '/sys/kernel', flags: 0 }
    const counter: Op = { op: 'collect', dir: 6, file: 'fscaps', key: null }
    const told = await start(shim, smallPlan(name, 'exit 0', { outer: [dir], teardown: [counter] })).told
    ends(t, told, 0, name)
    const record = find(told, 'counter')
    t.equal(record?.kind === 'counter' && record.data.toString(), '1\n')
  })

  t.test(`${build}: a traced plan tells every operation, in order`, async t => {
    const name = newName()
    const plan = smallPlan(name, 'exit 0', { inner: [{ op: 'setUmask', mask: 0o22 }] })
    const told = await start(shim, encode(plan, PLAN_FLAGS.trace)).told
    ends(t, told, 0, name)
    const done = told.records.flatMap(record => (record.kind === 'done' ? [record.index] : []))
    t.same(done, [0xffff_ffff, 0, 1, 3, 2, 5], 'the start, both outer, the inner one, supervise, release')
    const times = told.records.map(({ ns }) => ns)
    t.ok(
      times.every(ns => ns >= times[0]! && ns <= times.at(-1)!),
      'nothing is before the start or after teardown',
    )
  })

  t.test(`${build}: what comes after the plan is no part of it`, async t => {
    const name = newName()
    const bytes = Buffer.concat([encode(smallPlan(name, 'exit 6')), Buffer.alloc(50_000, 'x')])
    ends(t, await start(shim, bytes).told, 6, name)
  })

  t.test(`${build}: a name that is taken is refused`, async t => {
    const name = newName()
    const second: Told[] = []
    const { told } = start(shim, smallPlan(name, 'exit 0', { outer: [AWAIT] }), async (record, running) => {
      if (record.kind !== 'await') return
      second.push(await start(shim, smallPlan(name, 'exit 0')).told)
      running.release()
    })
    ends(t, await told, 0, name)
    t.equal(second[0]?.code, 125)
    t.match(errorOf(smallPlan(name, ''), second[0]?.records ?? []), { code: 'ERR_TSBOX_NAME_TAKEN' })
  })

  t.test(`${build}: a plan of the largest size is taken`, async t => {
    const name = newName()
    const file: Op = { op: 'writeAt', dir: 0, file: 'x', data: '' }
    const room = PROTOCOL.maxBodyBytes + PROTOCOL.headerBytes
    const plan = (length: number) =>
      smallPlan(name, 'exit 0', { teardown: [{ ...file, data: Buffer.alloc(length) }] })
    const bytes = encode(plan(room - encode(plan(0)).length))
    t.equal(bytes.length, room)
    ends(t, await start(shim, bytes).told, 0, name)
  })
}
