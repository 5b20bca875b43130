import { SLOTS } from '@tsbox/plan'
import t from 'tap'
import { directoryRoot } from '../src/directory.ts'

t.test(
  'a directory is bound on itself with all that is mounted in it, so that it can become the root',
  async t => {
    const { stage, fill, teardown } = directoryRoot('/srv/root of mine', false)
    t.match(stage, [
      { op: 'open', slot: SLOTS.place, path: '/srv/root of mine' },
      { op: 'openTree', slot: SLOTS.root, path: '/srv/root of mine', recursive: 1 },
      { op: 'attach', mount: SLOTS.root, root: SLOTS.place, target: '.', make: 0 },
    ])
    t.strictSame([fill, teardown], [[], []], 'and nothing is put into it')
  },
)
