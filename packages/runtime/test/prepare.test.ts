import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type BoxInput, parseBox } from '@tsbox/spec'
import t from 'tap'
import { NOTHING, snapshot } from '../../../test/helpers/residue.ts'
import { prepare } from '../src/index.ts'

const name = `unit-prepare-${process.pid}`
const prepared = (input: Partial<BoxInput>) =>
  prepare(parseBox({ args: ['true'], name, ...input }), { lease: true })

t.test('a root, layer or volume that is not there is refused by the name of its option', async t => {
  const none = join(t.testdir(), 'none')
  for (const [step, input] of [
    ['rootfs', { root: { kind: 'directory', path: none } }],
    ['layer', { root: { kind: 'layers', layers: ['/usr', none] } }],
    ['upper', { root: { kind: 'layers', layers: ['/usr'], upper: none } }],
    ['volume', { volumes: [{ source: none, target: '/v' }] }],
  ] as [string, Partial<BoxInput>][]) {
    t.throws(() => prepared(input), { code: 'ERR_TSBOX_ROOTFS', step, message: /does not exist/ }, step)
  }
})

t.test('a file is no root', async t => {
  const path = join(t.testdir({ file: '' }), 'file')
  t.throws(() => prepared({ root: { kind: 'directory', path } }), {
    code: 'ERR_TSBOX_ROOTFS',
    step: 'rootfs',
    message: /is not a directory/,
  })
})

t.test('the root of this host is no root of a box, however it is written', async t => {
  const link = join(t.testdir(), 'link')
  symlinkSync('/', link)
  for (const path of ['/', '//', '/usr/..', link]) {
    t.throws(
      () => prepared({ root: { kind: 'directory', path } }),
      { code: 'ERR_TSBOX_ROOTFS', step: 'rootfs' },
      path,
    )
    t.throws(() => prepared({ root: { kind: 'layers', layers: ['/usr'], upper: path } }), {
      code: 'ERR_TSBOX_ROOTFS',
      step: 'upper',
    })
  }
  t.doesNotThrow(() => prepared({ root: { kind: 'layers', layers: ['/'] } }), 'a layer is only read')
})

t.test('a link to a root is followed now, so that nobody can turn it later', async t => {
  const dir = t.testdir({ real: {} })
  symlinkSync(join(dir, 'real'), join(dir, 'link'))
  const { box } = prepared({ root: { kind: 'directory', path: join(dir, 'link') } })
  t.match(box.root, { path: join(dir, 'real') })
})

t.test('a link that leads nowhere is no volume’s source', async t => {
  const dir = t.testdir()
  symlinkSync('/no/such', join(dir, 'link'))
  t.throws(() => prepared({ volumes: [{ source: join(dir, 'link'), target: '/v' }] }), {
    code: 'ERR_TSBOX_ROOTFS',
    message: /does not exist/,
  })
})

t.test('planning changes nothing', async t => {
  prepared({})
  prepared({ root: { kind: 'host' } })
  t.strictSame(snapshot(name), NOTHING)
})
