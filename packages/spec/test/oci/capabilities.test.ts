import t from 'tap'
import { CAPABILITIES, CAPABILITY_SETS, capabilitySets } from '../../src/index.ts'

t.test('without capabilities a process has none (D4)', async t => {
  for (const set of CAPABILITY_SETS) {
    t.strictSame(capabilitySets().sets[set], [], set)
    t.strictSame(
      capabilitySets({ bounding: ['CAP_CHOWN'] }).sets[set],
      set === 'bounding' ? ['CHOWN'] : [],
      set,
    )
  }
})

t.test('every capability is known by the kernel’s name, each counts once', async t => {
  const names = CAPABILITIES.map(name => `CAP_${name}`)
  t.strictSame(capabilitySets({ permitted: [...names, ...names] }), {
    sets: { bounding: [], effective: [], inheritable: [], permitted: CAPABILITIES, ambient: [] },
    unknown: [],
  })
})

t.test('a name that is none gives nothing, and is told', async t => {
  const odd = ['CAP_OF_TOMORROW', 'cap_chown', 'CHOWN', '', 'ALL', 'CAP_', '__proto__', 'CAP_CHOWN ']
  const { sets, unknown } = capabilitySets({ effective: [...odd, 'CAP_KILL'], ambient: odd })
  t.strictSame(sets.effective, ['KILL'])
  t.strictSame(sets.ambient, [])
  t.strictSame(unknown, odd)
})
