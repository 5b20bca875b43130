import t from 'tap'
import { HOOK_KINDS } from '../../src/index.ts'
import { read, refuses } from './documents.ts'

t.test('hooks of all six kinds keep their order', async t => {
  for (const kind of HOOK_KINDS) {
    const list = [
      { path: '/b', args: ['b', ''], env: ['A=1'], timeout: 2147483647 },
      { path: '/a', args: [], env: [] },
      { path: '/b' },
    ]
    t.strictSame(read({ hooks: { [kind]: list } }).hooks, { [kind]: list }, kind)
  }
})

t.test('a hook has an absolute path, and a time that is longer than none', async t => {
  for (const kind of HOOK_KINDS) {
    const at = `hooks.${kind}[0]`
    const given = (hook: unknown) => ({ hooks: { [kind]: [hook] } })
    refuses(t, [
      [`${at}.path`, given({})],
      [`${at}.path`, given({ path: 'a' })],
      [`${at}.path`, given({ path: '/a\0' })],
      [`${at}.timeout`, given({ path: '/a', timeout: 0 })],
      [`${at}.timeout`, given({ path: '/a', timeout: -1 })],
      [`${at}.timeout`, given({ path: '/a', timeout: 1.5 })],
      [`${at}.timeout`, given({ path: '/a', timeout: 2147483648 })],
      [`${at}.args[0]`, given({ path: '/a', args: ['\0'] })],
      [`${at}.env[0]`, given({ path: '/a', env: ['A'] })],
      [at, given('/a')],
    ])
  }
})
