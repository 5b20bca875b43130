import { CONTROLLERS } from '@tsbox/cgroups'
import { PROTOCOL } from '@tsbox/protocol'
import t from 'tap'
import { SLOTS } from '../src/index.ts'

const { group, layers, ...single } = SLOTS

t.test('no two things share a slot', async t => {
  t.equal(new Set(Object.values(SLOTS)).size, Object.values(SLOTS).length)
})

t.test('every hierarchy there can be has a slot, and none runs into another thing', async t => {
  const last = group + CONTROLLERS.length // one for each on v1, and the v2 tree
  for (const [name, slot] of Object.entries(single)) t.ok(slot < group || slot > last, name)
  t.ok(last < layers)
})

t.test('500 layers and the trees of a userland fit', async t => {
  t.ok(layers + 500 <= PROTOCOL.maxSlots)
  for (const [name, slot] of Object.entries(single)) t.ok(slot < layers, name)
})
