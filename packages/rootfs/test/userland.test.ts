import { existsSync, lstatSync, readlinkSync, statSync } from 'node:fs'
import t from 'tap'
import { readUserland } from '../src/index.ts'

const userland = readUserland()

t.test('the userland of this host has its programs, whether /usr is merged or not', async t => {
  t.ok(userland.trees.includes('usr'))
  const names = [...userland.trees, ...userland.links.map(([name]) => name)]
  for (const name of ['bin', 'lib']) t.ok(names.includes(name), name)
  t.equal(new Set(names).size, names.length, 'nothing twice')
})

t.test('what is a link on the host is told as that link, what is a directory as a tree', async t => {
  for (const [name, target] of userland.links) {
    t.equal(readlinkSync(`/${name}`), target)
    t.notMatch(target, /\.\./, 'and stays inside the root')
  }
  for (const tree of userland.trees) t.ok(lstatSync(`/${tree}`).isDirectory(), tree)
})

t.test('every path of /etc exists, and is told for what it is', async t => {
  for (const [path, isDirectory] of userland.etc)
    t.equal(statSync(`/etc/${path}`).isDirectory(), isDirectory, path)
  if (existsSync('/etc/ld.so.cache')) t.ok(userland.etc.some(([path]) => path === 'ld.so.cache'))
})

t.test('no secret of the host is part of its userland', async t => {
  const etc = userland.etc.map(([path]) => path)
  for (const secret of [
    'shadow',
    'gshadow',
    'passwd',
    'group',
    'sudoers',
    'ssh',
    'ssl',
    'ssl/private',
    'pki',
    'hosts',
    'machine-id',
  ]) {
    t.notOk(etc.includes(secret), secret)
  }
  const everything = [...userland.trees, ...userland.links.map(([name]) => name)]
  for (const tree of ['root', 'home', 'var', 'srv', 'opt', 'etc', 'boot', 'run', 'tmp', 'mnt'])
    t.notOk(everything.includes(tree), tree)
})
