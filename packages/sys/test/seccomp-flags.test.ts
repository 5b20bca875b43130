import t from 'tap'
import { hasSeccompFlags } from '../src/index.ts'

t.test('flags are known to the kernel or not, and asking sets no filter', async t => {
  t.equal(hasSeccompFlags(0), true)
  t.equal(hasSeccompFlags(2 | 4), true, 'LOG and SPEC_ALLOW')
  t.equal(hasSeccompFlags(8 | 32), true, 'a listener, and waiting that can be killed')
  t.equal(hasSeccompFlags(1 << 30), false)
})
