import t from 'tap'
import { countTap } from '../../scripts/vm/tap-count.ts'

t.test('an assertion in a subtest is counted once', async t => {
  const document = [
    'TAP version 14',
    '# Subtest: outer',
    '    # Subtest: inner',
    '        ok 1 - one',
    '        ok 2 - two',
    '        1..2',
    '    ok 1 - inner # time=1ms',
    '    ok 2 - three',
    '    1..2',
    'ok 1 - outer # time=2ms',
    'ok 2',
    '1..2',
  ]
  t.strictSame(countTap(document.join('\n')), { passed: 4, failed: 0, skipped: [] })
})

t.test('a failure is counted once, whichever level tells it', async t => {
  const document = [
    '    not ok 1 - told by the assertion',
    '    1..1',
    'not ok 1 - its subtest',
    '    ok 1 - fine',
    'not ok 2 - told by the subtest alone, such as a wrong plan',
    'not ok 3 - two \\# not a directive',
  ]
  t.strictSame(countTap(document.join('\n')), { passed: 1, failed: 3, skipped: [] })
})

t.test('skips are counted with their reasons', async t => {
  const document = [
    '1..0 # SKIP needs root',
    'ok 1 - a # SKIP no such controller',
    'not ok 2 - b # TODO later',
    'ok 3 - c # SKIP',
  ]
  t.strictSame(countTap(document.join('\n')), {
    passed: 0,
    failed: 0,
    skipped: ['the whole file: needs root', 'a: no such controller', 'b: TODO later', 'c: no reason given'],
  })
})

t.test('TAP quoted in a diagnostic is not counted', async t => {
  const document = [
    'not ok 1 - a',
    '  ---',
    '  diff: |',
    '    not ok 2 - quoted',
    '  ...',
    'Bail out! no more',
  ]
  t.strictSame(countTap(document.join('\n')), { passed: 0, failed: 2, skipped: [] })
})
