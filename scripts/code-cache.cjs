// code-cache.cjs DIR: writes DIR/main.cache, V8's code for DIR/main.cjs as `tsbox run` has it compiled when it becomes
// the supervisor. Run by `make install` with the Node that tsbox will run with; the wrapper must be launch.ts's own.
const { readFileSync, renameSync, writeFileSync } = require('node:fs')
const { join, resolve } = require('node:path')
const { Script } = require('node:vm')

const directory = resolve(process.argv[2])
const path = join(directory, 'main.cjs')
const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(path, 'utf8')}\n})`
const script = new Script(source, { filename: path })

// Nothing is run: planning reads a few files, and the last step is replaced by writing the cache.
process.geteuid = () => 0
process.execve = () => {
  writeFileSync(`${path}.cache.new`, script.createCachedData())
  renameSync(`${path}.cache.new`, join(directory, 'main.cache'))
  process.exit(0)
}
process.argv = [process.argv[0], path, 'run', '-e', 'A=b', '--pids', '20', '--', '/bin/true']
script.runInThisContext()({}, require, { exports: {} }, path, directory)
