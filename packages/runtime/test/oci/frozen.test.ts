import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GroupDir } from '@tsbox/cgroups'
import t from 'tap'
import { refuseFrozen } from '../../src/oci/frozen.ts'

/** A hierarchy made of files, in which a group is or is not; `/parent/group` is asked for. */
const hierarchy = (
  version: 1 | 2,
  files: Readonly<Record<string, string>>,
  controllers: GroupDir['controllers'] = version === 1 ? ['freezer'] : [],
): GroupDir => {
  const mount = join(t.testdir(), `v${version}`)
  mkdirSync(mount)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(mount, name, '..'), { recursive: true })
    writeFileSync(join(mount, name), text)
  }
  return { version, mount, path: join(mount, 'parent', 'group'), controllers }
}

t.test('a group that runs, or is not there yet, is taken', async t => {
  t.doesNotThrow(() => refuseFrozen([hierarchy(2, {})]))
  t.doesNotThrow(() => refuseFrozen([hierarchy(1, {})]))
  t.doesNotThrow(() => refuseFrozen([hierarchy(1, { 'parent/freezer.state': 'THAWED\n' })]))
  t.doesNotThrow(() =>
    refuseFrozen([
      hierarchy(2, {
        'parent/group/cgroup.freeze': '0\n',
        'parent/group/cgroup.events': 'populated 0\nfrozen 0\n',
      }),
    ]),
  )
})

t.test('one that is frozen is refused, and so is one below it', async t => {
  const refused = { code: 'ERR_TSBOX_CGROUP', message: /linux\.cgroupsPath: .*frozen/ }
  for (const state of ['FROZEN\n', 'FREEZING\n'])
    for (const at of ['parent', 'parent/group'])
      t.throws(
        () => refuseFrozen([hierarchy(1, { [`${at}/freezer.state`]: state })]),
        refused,
        `${at} ${state}`,
      )
  t.throws(() => refuseFrozen([hierarchy(2, { 'parent/cgroup.freeze': '1\n' })]), refused)
  t.throws(() => refuseFrozen([hierarchy(2, { 'parent/cgroup.events': 'populated 1\nfrozen 1\n' })]), refused)
})

t.test('a hierarchy that freezes nothing is not asked', async t => {
  const other = hierarchy(1, { 'parent/freezer.state': 'FROZEN\n' }, ['memory'])
  t.doesNotThrow(() => refuseFrozen([other]))
})
