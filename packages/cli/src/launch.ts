import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Script } from 'node:vm'

/**
 * The command's first file. It starts the main one with the code V8 compiled when tsbox was installed: compiling is the
 * larger half of what a program that runs for a few milliseconds does. A cache of another Node, or none, means
 * compiling as usual.
 */
const directory = dirname(__filename)
const path = join(directory, 'main.cjs')

const cachedData = (() => {
  try {
    return readFileSync(join(directory, 'main.cache'))
  } catch {
    return undefined
  }
})()

const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(path, 'utf8')}\n})`
const script = new Script(source, { filename: path, ...(cachedData === undefined ? {} : { cachedData }) })
const main = script.runInThisContext() as (...scope: readonly unknown[]) => void
main({}, require, { exports: {} }, path, directory)
