import t from 'tap'
import { NAMESPACE_TYPES } from '../../src/index.ts'
import { read, refuses } from './documents.ts'

const given = (...namespaces: readonly unknown[]) => ({ linux: { namespaces } })

t.test('all eight namespaces can be new or joined', async t => {
  for (const type of NAMESPACE_TYPES) {
    const joined = { type, path: `/proc/1/ns/${type}` }
    t.strictSame(read(given(joined)).linux.namespaces, [joined])
    if (type !== 'user')
      t.strictSame(read(given({ type, path: '' })).linux.namespaces, [{ type }], 'no path is a new one')
  }
})

t.test('a namespace is known, there once, and its path absolute', async t => {
  const at = 'linux.namespaces'
  refuses(t, [
    [`${at}[0].type`, given({ type: 'net' })],
    [`${at}[0].type`, given({ path: '/a' })],
    [`${at}[0].type`, given({ type: 'MOUNT' })],
    [`${at}[0].path`, given({ type: 'pid', path: 'proc/1/ns/pid' })],
    [`${at}[0].path`, given({ type: 'pid', path: '/a\0' })],
    [`${at}[2].type`, given({ type: 'pid' }, { type: 'ipc' }, { type: 'pid', path: '/a' })],
    [at, { linux: { namespaces: {} } }],
  ])
})
