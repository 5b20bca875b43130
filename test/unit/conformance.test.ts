import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { ConfigField } from '../../packages/spec/src/index.ts'
import {
  checkoutProblems,
  conformancePage,
  conformanceProblems,
  PAGE,
  readTests,
  refusalOf,
} from '../../scripts/conformance.mts'
import { expanded, testsIn } from '../../scripts/conformance-tests.mts'

const field = (path: string, status: ConfigField['status'] = 'supported'): ConfigField => ({
  path,
  status,
  note: '',
})

const SOURCE = `
for (const kind of KINDS)
  await test(\`\${kind} is <seen>\`, { shows: ['process.{args,env}', 'hooks.{a,b}[].{path,args}'] }, async () => {})
await test('no field', {}, async () => {})
await test('rare', { shows: ['root.path'], skip: !HAS && 'no such host' }, async () => {})
t.test('not of containers', { shows: ['root.readonly'] }, async () => {})
`

t.test('every field has a test, every test shows fields that exist, and the page is theirs', async t => {
  t.same(checkoutProblems(readFileSync(join(import.meta.dirname, '../..', PAGE), 'utf8')), [])
})

t.test('a page that is not theirs is stale', async t => {
  t.match(checkoutProblems('# Conformance\n'), [/docs\/conformance\.md is stale/])
})

t.test('braces stand for several fields', async t => {
  t.same(expanded('a.b'), ['a.b'])
  t.same(expanded('a.{b,c}[].{d,e}'), ['a.b[].d', 'a.b[].e', 'a.c[].d', 'a.c[].e'])
})

t.test('what a test shows stands in its source', async t => {
  t.same(testsIn('x.test.ts', SOURCE), [
    {
      file: 'x.test.ts',
      title: '… is <seen>',
      shows: [
        'process.args',
        'process.env',
        'hooks.a[].path',
        'hooks.a[].args',
        'hooks.b[].path',
        'hooks.b[].args',
      ],
      onlySomeHosts: false,
    },
    { file: 'x.test.ts', title: 'no field', shows: [], onlySomeHosts: false },
    { file: 'x.test.ts', title: 'rare', shows: ['root.path'], onlySomeHosts: true },
  ])
  t.match(testsIn('x.test.ts', "test('x', { shows: FIELDS }, run)"), [{ problem: /plain strings/ }])
  t.match(testsIn('x.test.ts', `test('x', { shows: [\`a.\${b}\`] }, run)`), [{ problem: /plain strings/ }])
})

t.test('a field without a test, and a test without a field, are named', async t => {
  const tests = testsIn('x.test.ts', "test('x', { shows: ['process.args', 'process.arg'] }, run)")
  t.same(conformanceProblems([field('process.args'), field('hostname')], tests), [
    'x.test.ts: "x" shows process.arg, which is no field of config.json',
    'no test in test/oci/ shows hostname',
  ])
  t.same(conformanceProblems([field('process.args')], testsIn('x.test.ts', "test('x', { shows: F }, run)")), [
    'x.test.ts: "x": its title and `shows` have to be plain strings in the source',
    'no test in test/oci/ shows process.args',
  ])
})

t.test('the page says what a refused field is refused with', async t => {
  t.match(refusalOf('linux.intelRdt'), /^`ERR_TSBOX_CONFIG` "linux\.intelRdt: .*"$/)
  t.throws(() => refusalOf('hostname.x'), /hostname\.x is said to be refused, and passes/)
})

t.test('a row has its tests, with links that lead to them', async t => {
  const page = conformancePage(
    [field('root.path'), field('process.args')],
    testsIn('test/oci/x.test.ts', SOURCE),
  )
  t.match(page, '| `root.path` | supported |  | [x](../test/oci/x.test.ts): rare (where the host can) |')
  t.match(page, '| [x](../test/oci/x.test.ts): … is \\<seen\\> |')
  t.ok(readTests().length > 100)
})
