import fc from 'fast-check'
import t from 'tap'
import { resourceWrites } from '../../src/index.ts'
import { updated, v1, v2, written } from './hosts.ts'

const LIMIT = 'linux.resources.memory.limit'
const SWAP = 'linux.resources.memory.swap'

t.test('swap is the sum of memory and swap: v1 keeps the sum, v2 the difference', async t => {
  const memory = { limit: 100, swap: 150 }
  t.same(written(v1, { memory }), [
    '/memory/memory.limit_in_bytes = 100',
    '/memory/memory.memsw.limit_in_bytes = 150',
  ])
  t.same(written(v2, { memory }), ['/memory.swap.max = 50', '/memory.max = 100'])
  t.same(written(v2, { memory: { limit: 100, swap: 100 } })[0], '/memory.swap.max = 0', 'no swap at all')
})

t.test('a sum that cannot be is refused', async t => {
  for (const host of [v1, v2]) {
    t.throws(() => resourceWrites(host, { memory: { limit: 100, swap: 99 } }), {
      code: 'ERR_TSBOX_SPEC',
      step: SWAP,
    })
    t.throws(() => resourceWrites(host, { memory: { swap: 99 } }), { code: 'ERR_TSBOX_SPEC', step: SWAP })
  }
  t.throws(() => resourceWrites(v1, { memory: { limit: -1, swap: 99 } }), {
    code: 'ERR_TSBOX_SPEC',
    step: SWAP,
  })
  t.same(written(v2, { memory: { limit: -1, swap: 99 } }), ['/memory.swap.max = 99'], 'v2 limits swap alone')
})

const V1_FILES = { 'memory.limit_in_bytes': '100\n', 'memory.memsw.limit_in_bytes': '200\n' }
const onV1 = (limit: number, swap: number) =>
  updated(v1, { memory: { limit, swap } }, V1_FILES).map(line => line.replace(/.*memory\.(.*)/, '$1'))

t.test('v1: of memory and the sum, what makes room for the other goes first', async t => {
  t.same(onV1(250, 300), ['memsw.limit_in_bytes = 300', 'limit_in_bytes = 250'])
  t.same(onV1(50, 80), ['limit_in_bytes = 50', 'memsw.limit_in_bytes = 80'])
  t.same(onV1(-1, -1), ['memsw.limit_in_bytes = -1', 'limit_in_bytes = -1'])
})

t.test('v1: no order of ours ever has memory above the sum', async t => {
  const size = fc.integer({ min: 1, max: 50 })
  const pair = fc.tuple(size, size).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
  fc.assert(
    fc.property(pair, pair, ([limit, memsw], [newLimit, newSwap]) => {
      const files = { 'memory.limit_in_bytes': `${limit}`, 'memory.memsw.limit_in_bytes': `${memsw}` }
      const state = { limit, memsw }
      for (const line of updated(v1, { memory: { limit: newLimit, swap: newSwap } }, files)) {
        const value = Number(line.split(' = ')[1])
        state[line.includes('memsw') ? 'memsw' : 'limit'] = value
        t.ok(state.limit <= state.memsw, line)
      }
      t.same(state, { limit: newLimit, memsw: newSwap })
    }),
  )
})

t.test('no limit of memory means none of swap either, unless it is named', async t => {
  t.same(updated(v1, { memory: { limit: -1 } }, V1_FILES), [
    '/memory/memory.memsw.limit_in_bytes = -1',
    '/memory/memory.limit_in_bytes = -1',
  ])
  const files = { 'memory.max': '100\n', 'memory.swap.max': '50\n' }
  t.same(updated(v2, { memory: { limit: -1 } }, files), ['/memory.swap.max = max', '/memory.max = max'])
  t.same(
    updated(v1, { memory: { limit: -1 } }, { 'memory.limit_in_bytes': '100\n' }),
    ['/memory/memory.limit_in_bytes = -1'],
    'where swap is not counted there is nothing to lift',
  )
})

t.test('v2: another memory limit keeps the sum, as v1 does', async t => {
  const files = { 'memory.max': '100\n', 'memory.swap.max': '50\n' }
  t.same(updated(v2, { memory: { limit: 120 } }, files), ['/memory.swap.max = 30', '/memory.max = 120'])
  t.same(updated(v2, { memory: { limit: 60 } }, files), ['/memory.swap.max = 90', '/memory.max = 60'])
  t.throws(() => updated(v2, { memory: { limit: 151 } }, files), {
    code: 'ERR_TSBOX_SPEC',
    step: LIMIT,
    hint: /swap/,
  })
  const unlimited = { 'memory.max': '100\n', 'memory.swap.max': 'max\n' }
  t.same(updated(v2, { memory: { limit: 500 } }, unlimited), ['/memory.max = 500'])
})

t.test('v2: another sum is taken with the memory limit in force', async t => {
  const files = { 'memory.max': '100\n', 'memory.swap.max': '50\n' }
  t.same(updated(v2, { memory: { swap: 180 } }, files), ['/memory.swap.max = 80'])
  t.throws(() => updated(v2, { memory: { swap: 99 } }, files), { code: 'ERR_TSBOX_SPEC', step: SWAP })
  t.same(updated(v2, { memory: { swap: -1 } }, files), ['/memory.swap.max = max'])
})

t.test('v2: checkBeforeUpdate refuses a limit that would kill', async t => {
  const files = { 'memory.current': '70\n', 'memory.max': '100\n' }
  const update = (memory: { limit?: number; swap?: number; checkBeforeUpdate?: boolean }) =>
    updated(v2, { memory }, files)
  t.throws(() => update({ limit: 70, checkBeforeUpdate: true }), { code: 'ERR_TSBOX_CGROUP', step: LIMIT })
  t.throws(() => update({ limit: 60, swap: 65, checkBeforeUpdate: true }), { code: 'ERR_TSBOX_CGROUP' })
  t.same(update({ limit: 71, checkBeforeUpdate: true }), ['/memory.max = 71'])
  t.same(update({ limit: 10 }), ['/memory.max = 10'], 'unless asked, the kernel decides')
})

t.test('a reservation is what v2 protects; lifting it protects nothing', async t => {
  t.same(updated(v2, { memory: { reservation: 50 } }, {}), ['/memory.low = 50'])
  t.same(updated(v2, { memory: { reservation: -1 } }, { 'memory.low': '50\n' }), ['/memory.low = 0'])
  t.same(updated(v1, { memory: { reservation: -1 } }, { 'memory.soft_limit_in_bytes': '50\n' }), [
    '/memory/memory.soft_limit_in_bytes = -1',
  ])
})

t.test('the OOM killer of a live v1 group is switched on again', async t => {
  t.same(updated(v1, { memory: { disableOOMKiller: false } }, { 'memory.oom_control': 'x' }), [
    '/memory/memory.oom_control = 0',
  ])
  t.same(written(v1, { memory: { disableOOMKiller: true } }), ['/memory/memory.oom_control = 1'])
})
