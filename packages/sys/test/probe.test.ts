import { spawnSync } from 'node:child_process'
import t from 'tap'
import { hasSystemCall, NEEDED_CALLS } from '../src/index.ts'

t.test('every call a box needs exists on a kernel that runs boxes', async t => {
  for (const name of Object.keys(NEEDED_CALLS) as (keyof typeof NEEDED_CALLS)[]) {
    t.equal(hasSystemCall(name), true, name)
  }
})

t.test('asking leaves nothing behind: no child, no mount', async t => {
  const mounts = () => spawnSync('cat', ['/proc/self/mountinfo']).stdout.toString()
  const before = mounts()
  hasSystemCall('clone3')
  hasSystemCall('open_tree')
  t.equal(mounts(), before)
})
