import t from 'tap'
import { checkCreate } from '../../src/index.ts'
import { read, withProcess } from './documents.ts'

const given = (namespaces: readonly unknown[], linux: object = {}) =>
  read({ ...withProcess({}), linux: { namespaces, ...linux } })

t.test('a container can be made from a process and a mount namespace', async t => {
  const config = given([{ type: 'mount' }])
  t.strictSame(checkCreate(config), config)
  t.ok(checkCreate(given([{ type: 'mount', path: '/ns' }])))
})

t.test(
  'a valid document that is no container yet is refused, and the error says what is missing',
  async t => {
    const refused = (step: string) => ({ code: 'ERR_TSBOX_CONFIG', step, hint: /./ })
    t.throws(() => checkCreate(read({})), refused('process'))
    t.throws(() => checkCreate(given([{ type: 'pid' }])), refused('linux.namespaces'))
    t.throws(() => checkCreate({ ...given([]), linux: {} }), refused('linux.namespaces'))
  },
)

t.test('interfaces are moved only where there is a network to move them to', async t => {
  const netDevices = { eth0: {} }
  const refused = { code: 'ERR_TSBOX_CONFIG', step: 'linux.netDevices' }
  t.throws(() => checkCreate(given([{ type: 'mount' }], { netDevices })), refused)
  t.ok(checkCreate(given([{ type: 'mount' }, { type: 'network' }], { netDevices })))
  t.ok(checkCreate(given([{ type: 'mount' }], { netDevices: {} })))
})
