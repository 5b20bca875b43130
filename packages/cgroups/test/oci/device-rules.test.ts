import t from 'tap'
import { deviceRules, type OciDeviceRule } from '../../src/index.ts'
import { meant, type Request } from './device-model.ts'

const may = (config: readonly OciDeviceRule[], type: 'b' | 'c', at: string, access: number): boolean => {
  const [major = 0, minor = 0] = at.split(':').map(Number)
  const request: Request = { type, major, minor, access }
  return meant(deviceRules(config), request)
}

t.test('a container without rules may use the ordinary devices, make any node, and nothing else', async t => {
  for (const at of ['1:3', '1:5', '1:7', '1:8', '1:9', '5:0', '5:2', '136:0', '136:77']) {
    t.ok(may([], 'c', at, 7), at)
  }
  for (const [type, at] of [
    ['c', '1:1'],
    ['c', '1:2'],
    ['c', '1:4'],
    ['c', '1:11'],
    ['c', '5:1'],
    ['c', '10:200'],
    ['c', '10:229'],
    ['b', '8:0'],
    ['b', '1:3'],
  ] as const) {
    t.ok(may([], type, at, 1), `a node ${type} ${at} can be made`)
    for (const access of [2, 4, 6, 7]) t.notOk(may([], type, at, access), `${type} ${at} stays shut`)
  }
})

t.test('one allowed device does not open the others', async t => {
  const config = [{ allow: true, type: 'c', major: 10, minor: 229, access: 'rw' }]
  t.ok(may(config, 'c', '10:229', 7))
  t.notOk(may(config, 'c', '10:200', 2))
  t.notOk(may(config, 'b', '10:229', 2))
})

t.test('rules are read in their order: the last that speaks of a device decides', async t => {
  const all = { allow: true, access: 'rwm' }
  const disk = { allow: false, type: 'b', major: 8, minor: -1, access: 'w' }
  t.ok(may([all], 'b', '8:0', 7))
  t.notOk(may([all, disk], 'b', '8:0', 4))
  t.ok(may([all, disk], 'b', '8:0', 2), 'only writing was taken')
  t.ok(may([disk, all], 'b', '8:0', 7))
})

t.test('what is left out means all', async t => {
  t.ok(may([{ allow: true }], 'b', '8:0', 7))
  t.ok(may([{ allow: true, type: 'c', access: 'r' }], 'c', '240:3', 2))
  t.notOk(may([{ allow: true, type: 'c', access: 'r' }], 'b', '240:3', 2))
  t.ok(may([{ allow: true, major: 240n, access: 'r' }], 'b', '240:3', 2))
})

t.test('what every container has cannot be taken away', async t => {
  t.ok(may([{ allow: false, type: 'c', major: 1, minor: 3, access: 'rwm' }], 'c', '1:3', 7))
})

t.test('a rule that cannot be is refused by its place', async t => {
  for (const [rule, step] of [
    [{ allow: true, type: 'p' }, 'type'],
    [{ allow: true, access: 'x' }, 'access'],
    [{ allow: true, access: '' }, 'access'],
    [{ allow: true, major: -2 }, 'major'],
    [{ allow: true, minor: 2 ** 32 }, 'minor'],
    [{ allow: true, minor: 1.5 }, 'minor'],
  ] as const) {
    t.throws(() => deviceRules([{ allow: false }, rule]), {
      code: 'ERR_TSBOX_SPEC',
      step: `linux.resources.devices[1].${step}`,
    })
  }
})
