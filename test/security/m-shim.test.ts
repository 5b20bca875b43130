import { readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { command, outcomeOf } from '../helpers/command.ts'

// M10: the one program of ours that is written in C, as it is installed.
const shim = join(dirname(realpathSync(command())), 'tsbox-shim')

const readelf = async (path: string) => {
  const outcome = await outcomeOf('readelf', ['-W', '-h', '-l', '-d', path]).catch(() => undefined)
  return outcome?.stdout
}

/** What is not as it should be in a hardened static program. */
const weaknesses = (elf: string): string[] => {
  const has = (pattern: RegExp) => pattern.test(elf)
  return [
    !has(/^\s*Type:\s+DYN\b/m) && 'its addresses are not random',
    has(/^\s*INTERP\b/m) && 'it asks for a loader',
    has(/\(NEEDED\)/) && 'it asks for libraries',
    !has(/^\s*GNU_STACK\s.*\sRW\s/m) && 'its stack can be executed',
    !has(/^\s*GNU_RELRO\b/m) && 'its relocations stay writable',
    has(/^\s*LOAD\s.*\sRWE\s/m) && 'it has memory that can be written and executed',
    !has(/FLAGS.*NOW|BIND_NOW/) && 'it binds late',
  ].filter(weakness => weakness !== false)
}

t.test(
  'M10: the shim is static, position-independent, and nothing in it is both writable and executable',
  async t => {
    const elf = await readelf(shim)
    if (elf === undefined) return t.comment('readelf is not installed: not looked at')
    t.same(weaknesses(elf), [])
    t.ok(statSync(shim).size <= 64 * 1024, 'and it is small')
    const sh = await readelf('/bin/sh')
    t.ok(weaknesses(sh ?? '').includes('it asks for a loader'), 'an ordinary program is seen to be dynamic')
  },
)

t.test('M10: the shim is built with stack protection', t => {
  const makefile = readFileSync(join(import.meta.dirname, '..', '..', 'Makefile'), 'utf8')
  for (const flag of [
    '-fstack-protector-strong',
    '_FORTIFY_SOURCE',
    '-Werror',
    '-fanalyzer',
    '-fsanitize=address,undefined',
  ])
    t.ok(makefile.includes(flag), flag)
  t.end()
})
