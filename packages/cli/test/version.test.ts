import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { VERSION } from '../src/version.ts'

t.test('the version the command tells is that of its package', async t => {
  const manifest = join(import.meta.dirname, '..', 'package.json')
  t.equal(VERSION, JSON.parse(readFileSync(manifest, 'utf8')).version)
})
