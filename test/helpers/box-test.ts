import { basename, join } from 'node:path'
import t, { type Test } from 'tap'
import { NOTHING, settled, snapshot } from './residue.ts'
import { probeRootfs } from './rootfs.ts'

/** What a test of boxes gets besides tap's own. */
export interface BoxTest {
  readonly t: Test
  /** A name of a box that no other test has; its suffix tells boxes of one test apart. */
  readonly name: (suffix?: string) => string
  /** `--rootfs DIR --name NAME`, with a root of its own that holds the probe and nothing else. */
  readonly inProbe: (suffix?: string) => string[]
  /** The directory of that root. */
  readonly rootfs: string
  /** A directory for what else the test needs; it goes with the test. */
  readonly dir: string
}

/** Whether this runs in the virtual machine of `make test-vm`, where all is slower and cgroups are v2 only. */
export const IN_VM = process.env.TSBOX_TEST_VM !== undefined

/**
 * Tests of one file about boxes. Each ends with a look at the host: a box that ended by itself leaves nothing, at
 * once; one whose owners were killed (`killed: true`) leaves nothing within a bound.
 */
export const boxTests = (file: string) => {
  const marker = `e2e-${basename(file).split('.')[0]}-${process.pid}`
  let count = 0
  return async (
    title: string,
    body: (box: BoxTest) => Promise<void>,
    { killed = false }: { killed?: boolean } = {},
  ): Promise<void> => {
    await t.test(title, async test => {
      const prefix = `${marker}-${++count}`
      const dir = test.testdir({ rootfs: {} })
      const rootfs = join(dir, 'rootfs')
      const name = (suffix = '') => `${prefix}${suffix}`
      let made = false
      const inProbe = (suffix?: string) => {
        if (!made) probeRootfs(rootfs)
        made = true
        return ['--rootfs', rootfs, '--name', name(suffix)]
      }
      try {
        await body({ t: test, name, inProbe, rootfs, dir })
      } finally {
        const left = killed ? await settled(marker) : snapshot(marker)
        test.same(left, NOTHING, 'nothing is left on the host')
      }
    })
  }
}
