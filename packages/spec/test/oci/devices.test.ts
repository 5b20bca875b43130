import t from 'tap'
import { read, refuses } from './documents.ts'

const fuse = { type: 'c', path: '/dev/fuse', major: 10, minor: 229 }
const given = (device: Readonly<Record<string, unknown>>) => ({ linux: { devices: [device] } })
const device = (changes: Readonly<Record<string, unknown>>) =>
  read(given({ ...fuse, ...changes })).linux.devices?.[0]

t.test('devices of every type are read', async t => {
  t.strictSame(device({}), fuse)
  for (const type of ['c', 'b', 'u']) t.equal(device({ type, major: 4095, minor: 1048575 })?.type, type)
  t.strictSame(read(given({ type: 'p', path: '/fifo' })).linux.devices, [{ type: 'p', path: '/fifo' }])
})

t.test('a path comes in one form and names a file (E13)', async t => {
  t.equal(device({ path: '/dev/../../x' })?.path, '/x')
  t.equal(device({ path: '//dev/./net/tun' })?.path, '/dev/net/tun')
  refuses(
    t,
    ['dev/fuse', '', '/', '/dev/', '/dev/.', '/dev/..', '/a\0', undefined, 5].map(path => [
      'linux.devices[0].path',
      given({ ...fuse, path }),
    ]),
  )
})

t.test('permissions may have the type of the file with them, if it is the device’s', async t => {
  t.equal(device({ fileMode: 0o7777 })?.fileMode, 0o7777)
  t.equal(device({ fileMode: 0o20666 })?.fileMode, 0o666)
  t.equal(device({ type: 'u', fileMode: 0o20600 })?.fileMode, 0o600)
  t.equal(device({ type: 'b', fileMode: 0o60660 })?.fileMode, 0o660)
  t.equal(device({ type: 'p', fileMode: 0o10600 })?.fileMode, 0o600)
  refuses(
    t,
    [0o60666, 0o100644, 0o10000, 0o200000, -1, '438'].map(fileMode => [
      'linux.devices[0].fileMode',
      given({ ...fuse, fileMode }),
    ]),
  )
})

t.test('numbers are needed, and those the kernel keeps', async t => {
  const at = 'linux.devices[0]'
  refuses(t, [
    [`${at}.major`, given({ ...fuse, major: undefined })],
    [`${at}.minor`, given({ ...fuse, minor: undefined })],
    [`${at}.major`, given({ ...fuse, major: 4096 })],
    [`${at}.minor`, given({ ...fuse, minor: 1048576 })],
    [`${at}.major`, given({ ...fuse, major: -1 })],
    [`${at}.minor`, given({ ...fuse, minor: -1 })],
    [`${at}.type`, given({ ...fuse, type: 'd' })],
    [`${at}.type`, given({ ...fuse, type: undefined })],
    [`${at}.uid`, given({ ...fuse, uid: 4294967295 })],
    [`${at}.gid`, given({ ...fuse, gid: 4294967295 })],
  ])
})
