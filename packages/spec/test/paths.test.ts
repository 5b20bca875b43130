import { isTsboxError } from '@tsbox/errors'
import fc from 'fast-check'
import t from 'tap'
import { holds } from '../../../test/helpers/property.ts'
import { boxName, insidePath, mountTarget } from '../src/index.ts'

t.test('a path in a box comes in one form', async t => {
  for (const [given, form] of [
    ['/', '/'],
    ['///', '/'],
    ['/.', '/'],
    ['/a//b/./c/', '/a/b/c'],
    ['/...', '/...'],
    ['/a b/ü\n', '/a b/ü\n'],
  ] as const) {
    t.equal(insidePath(given, 'cwd'), form, JSON.stringify(given))
  }
})

t.test('a path that is none inside a box is refused, naming the field', async t => {
  const bad = ['', 'a', './a', '/..', '/a/../b', '/a\0b', `/${'a'.repeat(256)}`, '/a'.repeat(2048)]
  for (const path of bad) {
    t.throws(() => insidePath(path, 'cwd'), { code: 'ERR_TSBOX_SPEC', step: 'cwd' }, path.slice(0, 20))
  }
})

t.test('the length of a path is counted in bytes, as the kernel does', async t => {
  t.throws(() => insidePath(`/${'ü'.repeat(128)}`, 'cwd'), { code: 'ERR_TSBOX_SPEC' })
  t.equal(insidePath(`/${'ü'.repeat(127)}`, 'cwd').length, 128)
})

t.test('the root and the trees of the kernel are no place to mount at', async t => {
  for (const path of [
    '/',
    '/proc',
    '/proc/',
    '//proc/self',
    '/proc/sys',
    '/sys',
    '/sys/fs/cgroup',
    '/dev',
    '/./dev/',
  ]) {
    t.throws(() => mountTarget(path, 'volumes'), { code: 'ERR_TSBOX_SPEC', step: 'volumes' }, path)
  }
  for (const path of ['/process', '/system', '/devices', '/dev/shm', '/a/proc', '/srv/sys']) {
    t.equal(mountTarget(path, 'volumes'), path)
  }
})

const component = fc.oneof(
  fc.constantFrom('.', '..', '', 'proc', 'sys', 'dev', 'a', '...', '.a', '\0'),
  fc.string({ unit: 'binary', maxLength: 12 }),
)
const anyPath = fc
  .tuple(fc.constantFrom('/', '', '//'), fc.array(component, { maxLength: 8 }))
  .map(([start, parts]) => start + parts.join('/'))

const outcome = (read: () => string): string | undefined => {
  try {
    return read()
  } catch (error) {
    if (isTsboxError(error, 'ERR_TSBOX_SPEC')) return undefined
    throw error
  }
}

t.test('any path that is let through is absolute, has no dots, and is its own form', async t => {
  holds(
    t,
    fc.property(anyPath, path => {
      const form = outcome(() => insidePath(path, 'x'))
      if (form === undefined) return
      const parts = form.split('/').slice(1)
      if (!form.startsWith('/') || form.includes('\0')) throw new Error(form)
      if (form !== '/' && parts.some(part => ['', '.', '..'].includes(part))) throw new Error(form)
      if (insidePath(form, 'x') !== form) throw new Error('not stable')
    }),
    { numRuns: 2000 },
  )
})

t.test('no way of writing it lets a mount onto the root, /proc, /sys or /dev', async t => {
  holds(
    t,
    fc.property(anyPath, path => {
      const form = outcome(() => mountTarget(path, 'x'))
      return form === undefined || !/^\/($|(proc|sys)(\/|$)|dev$)/.test(form)
    }),
    { numRuns: 2000 },
  )
})

t.test('a name that is let through is one plain component of a path', async t => {
  const unit = fc.constantFrom('a', 'Z', '0', '_', '.', '-', '/', '\n', '\0', '\u001b', 'ü', ' ', '%')
  holds(
    t,
    fc.property(fc.string({ unit, maxLength: 70 }), name => {
      const fine = outcome(() => boxName(name))
      const plain = /^\w[\w.-]*$/.test(name) && name.length <= 64 && name !== '.' && name !== '..'
      return (fine === name) === plain
    }),
    { numRuns: 2000 },
  )
})
