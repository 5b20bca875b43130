import { posix } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { ancestorsOf, checkGroupPath } from '../src/index.ts'

const accepted = (path: string): boolean => {
  try {
    return checkGroupPath(path) === path
  } catch {
    return false
  }
}

t.test('a group has a path from the top, and its parents are known', async t => {
  for (const path of ['/a', '/a/b', '/a.slice/b-1.scope', '/...', '/é', `/${'x'.repeat(255)}`]) {
    t.ok(accepted(path), path)
  }
  t.same(ancestorsOf('/a'), [])
  t.same(ancestorsOf('/a/b/c'), ['/a', '/a/b'])
})

t.test('a path that leaves the tree, or is none, is refused', async t => {
  for (const path of [
    '',
    '/',
    'a',
    './a',
    '../a',
    '/..',
    '/a/..',
    '/a/../b',
    '/./a',
    '//a',
    '/a//b',
    '/a/',
    '/a\n',
    '/a\0b',
    '/\u007f',
    `/${'x'.repeat(256)}`,
    `/${'é'.repeat(128)}`,
    `/${'a/'.repeat(2000)}b`,
    '/\ud800',
  ]) {
    t.throws(
      () => checkGroupPath(path),
      { code: 'ERR_TSBOX_SPEC', step: 'path' },
      JSON.stringify(path.slice(0, 20)),
    )
  }
})

t.test('no accepted path can name anything outside its mount', async t => {
  const piece = fc.oneof(fc.constantFrom('..', '.', '', 'a', '/', '\0', '...'), fc.string({ maxLength: 5 }))
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), pieces => {
      const path = `/${pieces.join('/')}`
      return !accepted(path) || posix.normalize(`/mount${path}`) === `/mount${path}`
    }),
    { numRuns: 2000 },
  )
  const part = fc.stringMatching(/^[a-z0-9_-]{1,20}$/)
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 10 }), parts => accepted(`/${parts.join('/')}`)),
  )
  t.pass('held')
})
