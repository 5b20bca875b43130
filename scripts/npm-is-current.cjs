// Exits 0 when node_modules holds what package-lock.json says, so that `npm ci` need not start from nothing.
// Runs on the system's Node, before a newer one is installed; hence CommonJS.
const { readFileSync } = require('node:fs')

const packagesOf = file => JSON.parse(readFileSync(file, 'utf8')).packages
const wanted = packagesOf('package-lock.json')
const installed = packagesOf('node_modules/.package-lock.json')

const same = (a, b) => a.version === b.version && (a.integrity ?? '') === (b.integrity ?? '')
const present = Object.keys(wanted).every(path => {
  if (!path.startsWith('node_modules/')) return true
  const there = installed[path]
  // What is optional may be absent: it is for another processor or system.
  return there ? same(wanted[path], there) : Boolean(wanted[path].optional)
})
const nothingElse = Object.keys(installed).every(path => wanted[path] !== undefined)
process.exitCode = present && nothingElse ? 0 : 1
