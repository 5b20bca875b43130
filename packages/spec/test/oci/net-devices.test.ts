import t from 'tap'
import { read, refuses } from './documents.ts'

const given = (netDevices: unknown) => ({ linux: { netDevices } })
const at = 'linux.netDevices'

t.test('interfaces keep their names or get new ones, also by a template', async t => {
  const devices = {
    eth0: { name: 'a23456789012345' },
    ens4: {},
    ens5: { name: 'eth%d' },
    ens6: { name: 'eth%d' },
  }
  const { netDevices } = read(given(devices)).linux
  t.same({ ...netDevices }, devices)
  t.strictSame({ ...read(given({ a: { name: '' } })).linux.netDevices }, { a: {} }, 'an empty name is none')
  t.ok(read(given({ a: { name: 'b' }, b: { name: 'a' } })), 'two may change names')
})

t.test('a name is one the kernel takes', async t => {
  const bad = ['a/b', 'a b', 'a\t', '.', '..', 'a:1', 'a234567890123456', 'ä'.repeat(8), 'a\0']
  refuses(
    t,
    [
      ...bad.map(name => [`${at}.eth0.name`, given({ eth0: { name } })] as const),
      ...bad
        .map(name => [`${at}[${JSON.stringify(name)}]`, given({ [name]: {} })] as const)
        .filter(([path]) => /\W/.test(path)),
    ].map(([path, changes]) => [path.replace(/\["(\w+)"\]$/, '.$1'), changes]),
  )
  refuses(t, [
    [`${at}[""]`, given({ '': {} })],
    [`${at}.eth0.name`, given({ eth0: { name: 7 } })],
    [`${at}.eth0`, given({ eth0: 'eth1' })],
  ])
})

t.test('no two interfaces end up with one name, and a template has one %d', async t => {
  refuses(t, [
    [`${at}.b.name`, given({ a: { name: 'x' }, b: { name: 'x' } })],
    [`${at}.x.name`, given({ a: { name: 'x' }, x: {} })],
    [`${at}.a.name`, given({ a: { name: 'x%s' } })],
    [`${at}.a.name`, given({ a: { name: 'x%d%d' } })],
    [`${at}.a.name`, given({ a: { name: 'x%' } })],
    [`${at}["x%d"].name`, given({ 'x%d': {} })],
  ])
})
