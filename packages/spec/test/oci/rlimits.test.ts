import t from 'tap'
import { RLIMITS } from '../../src/index.ts'
import { read, refuses, withProcess } from './documents.ts'

const limits = (...rlimits: readonly unknown[]) => withProcess({ rlimits })

t.test('every limit of getrlimit(2) can be given, exact to 64 bits', async t => {
  const all = RLIMITS.map(name => ({
    type: `RLIMIT_${name.toUpperCase()}`,
    soft: 1,
    hard: 18446744073709551615n,
  }))
  t.strictSame(read(limits(...all)).process?.rlimits, all)
})

t.test('a limit is known, given once, and not above its hard one', async t => {
  const nofile = { type: 'RLIMIT_NOFILE', soft: 1, hard: 2 }
  const at = 'process.rlimits'
  refuses(t, [
    [`${at}[0].type`, limits({ ...nofile, type: 'RLIMIT_FILES' })],
    [`${at}[0].type`, limits({ ...nofile, type: 'nofile' })],
    [`${at}[0].type`, limits({ soft: 1, hard: 2 })],
    [`${at}[0].soft`, limits({ type: 'RLIMIT_NOFILE', hard: 2 })],
    [`${at}[0].hard`, limits({ type: 'RLIMIT_NOFILE', soft: 2 })],
    [`${at}[0].soft`, limits({ ...nofile, soft: 3 })],
    [`${at}[0].soft`, limits({ ...nofile, soft: -1 })],
    [`${at}[0].hard`, limits({ ...nofile, hard: 18446744073709551616n })],
    [`${at}[0].soft`, limits({ ...nofile, soft: 18446744073709551615n, hard: 18446744073709551614n })],
    [`${at}[2].type`, limits(nofile, { ...nofile, type: 'RLIMIT_CORE' }, nofile)],
  ])
})
