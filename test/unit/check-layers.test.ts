import { join } from 'node:path'
import t from 'tap'
import { layerProblems, type PackageSource, RANKS, readPackages } from '../../scripts/check-layers.mts'

const pkg = (dir: string, dependencies: string[], text = '', path = 'src/index.ts'): PackageSource => ({
  dir,
  name: `@tsbox/${dir}`,
  dependencies,
  files: { [path]: text },
})
const errors = pkg('errors', [])
const problems = (...packages: PackageSource[]) => layerProblems([errors, ...packages])

t.test('the packages of this checkout keep the direction', async t => {
  const packages = readPackages(join(import.meta.dirname, '../..'))
  t.same(layerProblems(packages), [])
  for (const dir of Object.keys(RANKS))
    t.ok(
      packages.some(found => found.dir === dir),
      `${dir} exists`,
    )
})

t.test('a declared import of a lower rank is right', async t => {
  t.same(problems(pkg('plan', ['@tsbox/errors'], "import type { TsboxError } from '@tsbox/errors'")), [])
  t.same(problems(pkg('sys', ['koffi'], "const load = () => require('koffi')")), [])
  t.same(problems(pkg('cli', [], "import { x } from '../x.ts'\nimport 'node:fs'", 'src/verbs/run.ts')), [])
})

t.test('what breaks the direction is named', async t => {
  const undeclared = "export * from '@tsbox/errors'"
  t.match(problems(pkg('plan', [], undeclared)), [/plan\/src\/index.ts: @tsbox\/errors is imported and not/])
  t.match(problems(pkg('plan', [], "const x = await import('@tsbox/errors')")), [/not declared/])
  t.match(problems(pkg('sys', ['@tsbox/cli']), pkg('cli', [])), [/sys may not depend on cli/])
  t.match(problems(pkg('plan', ['@tsbox/shim']), pkg('shim', [])), [/ranks no lower/], 'not sideways either')
  t.match(problems(pkg('plan', [], "import { a } from '../../errors/src/index.ts'")), [/outside the package/])
})

t.test('koffi belongs to sys, valibot to spec, and nothing else comes in', async t => {
  t.match(problems(pkg('plan', ['koffi'])), [/plan may not depend on koffi/])
  t.match(problems(pkg('cli', ['valibot'])), [/cli may not depend on valibot/])
  t.match(problems(pkg('spec', ['left-pad'])), [/spec may not depend on left-pad/])
  t.match(problems(pkg('spec', [], "import * as v from 'valibot'")), [/valibot is imported and not declared/])
})

t.test('only the report of the command prints', async t => {
  t.match(problems(pkg('runtime', [], 'console.log(1)')), [/only packages\/cli\/src\/report\/ prints/])
  t.match(problems(pkg('cli', [], 'process.stderr.write("x")')), [/prints/])
  t.same(problems(pkg('cli', [], 'process.stderr.write("x")', 'src/report/text.ts')), [])
  t.same(problems(pkg('runtime', [], '/** console.log(box) */\n// console.log\n')), [])
})

t.test('a package with source needs a rank, one with a binary does not', async t => {
  t.match(problems(pkg('extra', [])), [/packages\/extra has no rank/])
  const binary = { ...pkg('shim-linux-x64', []), files: {} }
  t.same(problems(binary, pkg('shim', ['@tsbox/shim-linux-x64'])), [])
})
