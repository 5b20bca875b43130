import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readFilter, writeFilter } from '../src/filter-cache.ts'

const PROGRAM = Buffer.from('2000000004000000060000000000ff7f', 'hex')

/** A cache with one filter in it. */
const filled = (t: Test) => {
  const directory = join(t.testdir(), 'cache')
  writeFilter(directory, 'a profile', PROGRAM)
  const [name = ''] = readdirSync(directory)
  return { directory, file: join(directory, name) }
}

t.test('what was kept is found again, for the same identity only', async t => {
  const { directory, file } = filled(t)
  t.same(readFilter(directory, 'a profile'), PROGRAM)
  t.equal(readFilter(directory, 'another one'), undefined)
  t.equal(readFilter(directory, ''), undefined)
  t.equal(lstatSync(file).mode & 0o7777, 0o600)
  t.equal(lstatSync(directory).mode & 0o7777, 0o700)
  t.equal(readdirSync(directory).length, 1, 'and nothing else lies there')
})

t.test('two identities that share a file name are not taken for each other', async t => {
  const { directory, file } = filled(t)
  writeFilter(directory, 'another one', Buffer.concat([PROGRAM, PROGRAM]))
  const [other = ''] = readdirSync(directory).filter(name => join(directory, name) !== file)
  renameSync(file, join(directory, other))
  t.equal(readFilter(directory, 'another one'), undefined)
})

t.test('a file that others could have written is not trusted', async t => {
  const { directory, file } = filled(t)
  for (const mode of [0o620, 0o602]) {
    chmodSync(file, mode)
    t.equal(readFilter(directory, 'a profile'), undefined, mode.toString(8))
  }
  chmodSync(file, 0o600)
  t.same(readFilter(directory, 'a profile'), PROGRAM)
  chownSync(file, 65_534, 65_534)
  t.equal(readFilter(directory, 'a profile'), undefined, 'of another owner')
})

t.test('nor is one in a directory that others could write, or behind a link', async t => {
  const { directory, file } = filled(t)
  for (const path of [directory, join(directory, '..')]) {
    chmodSync(path, 0o777)
    t.equal(readFilter(directory, 'a profile'), undefined, path)
    chmodSync(path, 0o700)
  }
  chownSync(directory, 65_534, 65_534)
  t.equal(readFilter(directory, 'a profile'), undefined, 'a directory of another owner')
  chownSync(directory, 0, 0)
  renameSync(file, `${file}.real`)
  symlinkSync(`${file}.real`, file)
  t.equal(readFilter(directory, 'a profile'), undefined, 'a link')
  const link = join(t.testdirName, 'link')
  symlinkSync(directory, link)
  t.equal(readFilter(link, 'a profile'), undefined, 'a link to the directory')
  t.equal(readFilter(join(t.testdirName, 'nowhere'), 'a profile'), undefined)
})

t.test('nothing is written where others could', async t => {
  const directory = join(t.testdir(), 'cache')
  mkdirSync(directory, { mode: 0o700 })
  chmodSync(directory, 0o777)
  writeFilter(directory, 'a profile', PROGRAM)
  t.same(readdirSync(directory), [])
  writeFilter(join(t.testdirName, 'cache', '\0'), 'a profile', PROGRAM)
  t.pass('a directory that cannot be is no error')
})

t.test('a damaged file is not used, wherever the damage is', async t => {
  const { directory, file } = filled(t)
  const whole = readFileSync(file)
  const put = (bytes: Buffer) => {
    writeFileSync(file, bytes)
    return readFilter(directory, 'a profile')
  }
  for (let at = 0; at < whole.length; at++) {
    const bytes = Buffer.from(whole)
    bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at)
    if (put(bytes) !== undefined) t.fail(`byte ${at}`)
  }
  for (let length = 0; length < whole.length; length++)
    if (put(whole.subarray(0, length)) !== undefined) t.fail(`cut to ${length}`)
  t.equal(put(Buffer.concat([whole, PROGRAM])), undefined, 'with more behind it')
  t.same(put(whole), PROGRAM)
})

t.test('a program that is none is not handed out', async t => {
  const directory = join(t.testdir(), 'cache')
  for (const program of [Buffer.alloc(0), Buffer.alloc(12), Buffer.alloc(4097 * 8)]) {
    writeFilter(directory, 'a profile', program)
    t.equal(readFilter(directory, 'a profile'), undefined, `${program.length} bytes`)
  }
})

t.test('the cache does not grow without end: the older half goes', async t => {
  const directory = join(t.testdir(), 'cache')
  for (let i = 0; i < 64; i++) {
    writeFilter(directory, `profile ${i}`, PROGRAM)
    const newest = readdirSync(directory)
      .map(name => join(directory, name))
      .find(path => lstatSync(path).mtimeMs > 1e12)
    if (newest !== undefined) utimesSync(newest, 1000 + i, 1000 + i)
  }
  t.equal(readdirSync(directory).length, 64)
  writeFilter(directory, 'one more', PROGRAM)
  t.equal(readdirSync(directory).length, 33)
  t.same(readFilter(directory, 'one more'), PROGRAM)
  t.same(readFilter(directory, 'profile 63'), PROGRAM)
  t.equal(readFilter(directory, 'profile 0'), undefined)
})
