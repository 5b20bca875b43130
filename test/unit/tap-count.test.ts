import t from 'tap'
import { countTap } from '../../scripts/tap-count.mts'

const count = (...lines: string[]) => {
  const { passed, failed, skipped } = countTap(lines.join('\n'))
  return [passed, failed, skipped]
}

t.test('assertions are counted by outcome', async t => {
  t.same(count('TAP version 14', 'ok 1 - a', 'not ok 2 - b', 'ok 3 - c # SKIP no v2 here', '1..3'), [1, 1, 1])
  t.same(count('ok', 'ok', '1..2'), [2, 0, 0], 'numbers and names are optional')
  t.same(count('not ok 1 - later # TODO', 'ok 2 - now # TODO', '1..2'), [0, 0, 2])
  t.same(count('ok 1 - issue \\# skip is a word here', '1..1'), [1, 0, 0])
  t.same(count('ok 1 - okay # time=5ms', '1..1'), [1, 0, 0])
})

t.test('a subtest counts by its assertions and not once more', async t => {
  const nested = [
    '# Subtest: file',
    '    # Subtest: inner',
    '        ok 1 - x',
    '        ok 2 - y # SKIP',
    '        1..2',
    '    ok 1 - inner # time=1ms',
    '    ok 2 - z',
    '    1..2',
    'ok 1 - file # time=2ms',
    '1..1',
  ]
  t.same(count(...nested), [2, 0, 1])
  t.same(count('    not ok 1 - x', '    1..1', 'not ok 1 - file', '1..1'), [0, 1, 0])
  t.same(count('    ok 1 - x', '    1..1', 'not ok 1 - file', '1..1'), [1, 1, 0], 'an exit status of its own')
  t.same(count('    1..0 # SKIP needs root', 'ok 1 - file # SKIP needs root', '1..1'), [0, 0, 1])
  t.same(count('    1..0', 'not ok 1 - file', '1..1'), [0, 1, 0])
  t.same(count('    ok 1 - x', '    1..1', 'ok 1 - a', 'ok 2 - b', '1..2'), [2, 0, 0])
})

t.test('a stream that is cut short fails', async t => {
  t.same(count('TAP version 14', 'ok 1 - a'), [1, 1, 0], 'no plan')
  t.same(count('1..3', 'ok 1 - a', 'ok 2 - b'), [2, 1, 0], 'fewer than planned')
  t.same(count('1..1', 'ok 1 - a', 'ok 2 - b'), [2, 1, 0], 'more than planned')
  t.same(count('1..1', '    1..2', '    ok 1 - x', 'ok 1 - file'), [1, 1, 0], 'in a subtest')
  t.same(count('1..1', '    ok 1 - x'), [1, 2, 0], 'inside a subtest')
  t.same(count('1..1', '    1..2', 'ok 1 - file'), [1, 1, 0], 'in a subtest that ran nothing')
  t.same(count('ok 1 - a', 'Bail out! the disk is full', '1..1'), [1, 1, 0])
  t.same(count('1..1', '    Bail out! deep', 'ok 1 - a'), [1, 1, 0])
  t.match(countTap('1..2\nok 1\n').problems, ['the TAP stream planned 2 and ran 1'])
})

t.test('documents follow each other and noise is passed over', async t => {
  const two = ['make: entering', 'TAP version 14', '1..1', 'ok 1 - a', 'TAP version 14', 'ok 1 - b', '1..1']
  t.same(count(...two), [2, 0, 0])
  t.same(count('TAP version 14', 'ok 1 - a', 'TAP version 14', 'ok 1 - b', '1..1'), [2, 1, 0])
  t.same(count('okay then', 'not okay', '  ok 9 - odd indent', 'ok 1 - a', '1..1'), [1, 0, 0])
  t.same(count('not ok 1 - a', '  ---', '  diff: |', '    ok 1 - quoted', '  ...', '1..1'), [0, 1, 0])
  t.same(count('1..0 # SKIP not on this machine'), [0, 0, 1])
  t.same(count(''), [0, 0, 0])
})
