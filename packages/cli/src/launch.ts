import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Script } from 'node:vm'
import { programFor } from './program-for.ts'

/**
 * The command's first file. It starts the one that is asked for with the code V8 compiled when tsbox was installed: compiling is the
 * larger half of what a program that runs for a few milliseconds does. A cache of another Node, or none, means
 * compiling as usual.
 */
const directory = dirname(__filename)
const name = programFor(process.argv.slice(2))
const path = join(directory, `${name}.cjs`)

const cachedData = (() => {
  try {
    return readFileSync(join(directory, `${name}.cache`))
  } catch {
    return undefined
  }
})()

const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(path, 'utf8')}\n})`
const script = new Script(source, { filename: path, ...(cachedData === undefined ? {} : { cachedData }) })
const run = script.runInThisContext() as (...scope: readonly unknown[]) => void
const module_: { exports: { readonly start?: (args: readonly string[]) => Promise<void> } } = { exports: {} }
run(module_.exports, require, module_, path, directory)
void module_.exports.start?.(process.argv.slice(2))
