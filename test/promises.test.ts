// The numbers this project promises, each measured here so that it cannot slip unseen.

import { existsSync, globSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join } from 'node:path'
import t from 'tap'
import { LIMITS, measureSizes } from '../scripts/check-sizes.mts'
import { boxTests, IN_VM } from './helpers/box-test.ts'
import { command, outcomeOf, tsbox } from './helpers/command.ts'
import { childrenOf, commOf, exeOf, type Live, membersOf, startBox } from './helpers/live-box.ts'

const ROOT = join(import.meta.dirname, '..')
const test = boxTests(import.meta.filename)
const installed = dirname(realpathSync(command()))

await t.test(
  'the trusted C can be read by one person: at most 2,400 lines of it, written by hand',
  async t => {
    const c = measureSizes(ROOT).find(({ what }) => what.startsWith('hand-written C'))
    t.equal(LIMITS.handWrittenC, 2400)
    t.ok(c !== undefined && c.actual > 500 && c.actual <= 2400, `${c?.actual} lines`)
  },
)

await t.test('the shim is at most 64 KiB, static, stripped, and links nothing', async t => {
  const shim = readFileSync(join(installed, 'tsbox-shim'))
  t.ok(shim.length <= 65_536, `${shim.length} bytes`)
  const header = {
    type: shim.readUInt16LE(16),
    offset: Number(shim.readBigUInt64LE(32)),
    size: shim.readUInt16LE(54),
    count: shim.readUInt16LE(56),
  }
  const kinds = Array.from({ length: header.count }, (_, i) =>
    shim.readUInt32LE(header.offset + i * header.size),
  )
  t.notOk(kinds.includes(3), 'no interpreter (PT_INTERP)')
  t.notOk(shim.includes('.symtab'), 'no symbol table')
  const mode = statSync(join(installed, 'tsbox-shim')).mode & 0o7777
  t.equal(mode & 0o7022, 0, 'neither set-user-ID nor writable by others')
})

await t.test('two run-time dependencies in all packages: koffi in sys, valibot in spec', async t => {
  const found = globSync('packages/*/package.json', { cwd: ROOT }).flatMap(path => {
    const manifest = JSON.parse(readFileSync(join(ROOT, path), 'utf8'))
    const names = Object.keys({
      ...manifest.dependencies,
      ...manifest.optionalDependencies,
      ...manifest.peerDependencies,
    })
    for (const script of ['preinstall', 'install', 'postinstall'])
      t.notOk(manifest.scripts?.[script], `${path}: no ${script}`)
    return names.filter(name => !name.startsWith('@tsbox/')).map(name => `${path.split('/')[1]}: ${name}`)
  })
  t.same(found.sort(), ['spec: valibot', 'sys: koffi'])
})

/** What a file of the command asks Node for. */
const requiredBy = (file: string): ReadonlySet<string> =>
  new Set(
    [
      ...readFileSync(join(installed, file), 'utf8').matchAll(/\brequire\(["'`](?:node:)?([^"'`]+)["'`]\)/g),
    ].map(match => match[1] ?? ''),
  )

await t.test(
  'what `tsbox run` loads is a short list: no child_process, no native code, no library from outside',
  async t => {
    const files = ['tsbox.cjs', 'main.cjs'].filter(file => existsSync(join(installed, file)))
    const required = new Set(files.flatMap(file => [...requiredBy(file)]))
    const ours = [...required].filter(name => name.startsWith('./'))
    t.same(
      ours.filter(name => !['./doctor.cjs', './handback.cjs', './main.cjs', './oci.cjs'].includes(name)),
      [],
    )
    const others = [...required].filter(name => !name.startsWith('./'))
    t.same(
      others.filter(
        name => !['buffer', 'fs', 'os', 'path', 'util', 'url', 'vm', 'tty', 'module'].includes(name),
      ),
      [],
    )
    t.ok(
      others.every(name => builtinModules.includes(name)),
      'all of them are part of Node',
    )
    const texts = files.map(file => readFileSync(join(installed, file), 'utf8')).join('')
    t.notMatch(texts, /child_process|\bimport\(/)
  },
)

await test('a filter is compiled once, with koffi; every later box loads no native code', async ({
  t,
  inProbe,
  dir,
}) => {
  const trace = join(dir, 'trace')
  const profile = join(dir, 'profile')
  // A profile that no box had before, for its error number.
  const errnoRet = 100 + (process.pid % 3900)
  writeFileSync(
    profile,
    JSON.stringify({
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['swapon', `x${Date.now()}`], action: 'SCMP_ACT_ERRNO', errnoRet }],
    }),
  )
  const loadsNative = async (name: string, args: readonly string[]) => {
    const strace = ['-f', '-qq', '-e', 'trace=openat', '-o', trace, command(), 'run', ...args]
    const { status, stderr } = await outcomeOf('strace', [...strace, ...inProbe(name), '/bin/probe', 'env'])
    t.equal(status, 0, stderr)
    return /koffi\.node|libseccomp\.so/.test(readFileSync(trace, 'utf8'))
  }
  const own = ['--security-opt', `seccomp=${profile}`]
  t.ok(await loadsNative('-1', own), 'a new filter is compiled')
  t.notOk(await loadsNative('-2', own), 'the same one is there')
  t.equal((await tsbox(['run', ...inProbe('-3'), '/bin/probe', 'env'])).status, 0)
  t.notOk(await loadsNative('-4', []), 'and so is the default one')
})

await t.test('the installed command needs nothing of the checkout', async t => {
  const files = ['tsbox.cjs', 'main.cjs', 'handback.cjs', 'doctor.cjs'].filter(file =>
    existsSync(join(installed, file)),
  )
  for (const file of files)
    t.notMatch(readFileSync(join(installed, file), 'utf8'), /node_modules|packages\/\w+\/src/, file)
  // In a box there is the userland of the host, the installed files and nothing else.
  const node = /^#!(\S+)/.exec(readFileSync(join(installed, 'tsbox.cjs'), 'utf8'))?.[1] ?? ''
  const lib = node.startsWith(installed) ? [] : ['-v', `${node}:${node}:ro`]
  const { stdout } = await tsbox([
    'run',
    ...lib,
    '-v',
    `${installed}:${installed}:ro`,
    join(installed, 'tsbox.cjs'),
    '--version',
  ])
  t.match(stdout, /^tsbox \d/)
})

const BOXES = 20

/** Proportional set size in KiB: shared pages count by their share (proc_pid_smaps(5)). */
const pssOf = (pid: number): number =>
  Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1] ?? Number.NaN)

await test(`${BOXES} idle boxes: three processes each, no Node, and at most 256 KiB of memory for tsbox in each`, async box => {
  const { t, inProbe } = box
  const boxes: Live[] = []
  try {
    for (let i = 0; i < BOXES; i++) {
      const live = startBox(['run', ...inProbe(`-${i}`), '/bin/probe', 'winch'])
      boxes.push(live)
      // A start is work for one processor; two at a time are enough.
      if (i % 2 === 1 || IN_VM) await live.until(/ready/)
    }
    await Promise.all(boxes.map(live => live.until(/ready/)))
    const pss = boxes.map(({ pid }) => {
      const { janitor = 0, init = 0 } = membersOf(pid)
      const all = [pid, ...childrenOf(pid), ...childrenOf(janitor), ...childrenOf(init)]
      if (all.length !== 3) t.fail(`${all.length} processes: ${all.map(commOf)}`)
      const exes = all.map(exeOf)
      if (exes.some(exe => exe?.endsWith('/node'))) t.fail(`${exes}`)
      return pssOf(pid) + pssOf(janitor)
    })
    const mean = pss.reduce((sum, kib) => sum + kib, 0) / BOXES
    t.ok(mean <= 256, `${mean.toFixed(0)} KiB of supervisor and janitor in the mean`)
    t.ok(Math.max(...pss) <= 512, `${Math.max(...pss)} KiB at most`)
  } finally {
    for (const live of boxes) live.child.kill('SIGTERM')
    await Promise.all(boxes.map(live => live.ended))
  }
})

await test('delete --force of a container that is not there starts no Node, also when its state root has gone', async ({
  t,
  dir,
}) => {
  const trace = join(dir, 'trace')
  const remove = ['--root', join(dir, 'none'), 'delete', '--force', 'web']
  const { status } = await outcomeOf('strace', [
    '-f',
    '-qq',
    '-e',
    'trace=execve',
    '-o',
    trace,
    command(),
    ...remove,
  ])
  t.equal(status, 0)
  t.equal(readFileSync(trace, 'utf8').match(/execve\(/g)?.length, 1)
})

await test('a box that has run leaves no process: not the janitor, not the one that tells', async ({
  t,
  inProbe,
  dir,
}) => {
  const live = startBox(['run', '--receipt', join(dir, 'r'), ...inProbe(), '/bin/probe', 'winch'])
  await live.until(/ready/)
  const family = [live.pid, ...childrenOf(live.pid)]
  live.child.kill('SIGTERM')
  await live.ended
  t.same(
    family.filter(pid => exeOf(pid) !== undefined),
    [],
  )
})

await t.test(
  'what the installed command is: one directory and one link, and `uninstall` would take just these',
  async t => {
    const { stdout } = await outcomeOf('ls', [installed])
    const programs = ['doctor', 'handback', 'main', 'oci', 'tsbox'].map(name => `${name}.cjs`)
    const known = [...programs, 'main.cache', 'oci.cache', 'node', 'node_modules', 'tsbox-shim']
    t.same(
      stdout
        .trim()
        .split('\n')
        .filter(file => !known.includes(file)),
      [],
    )
    const prefix = join(t.testdir(), 'prefix')
    for (const verb of ['install', 'uninstall'])
      t.equal((await outcomeOf('make', ['-C', ROOT, verb, `PREFIX=${prefix}`, 'DESTDIR='])).status, 0, verb)
    t.same(
      globSync('**', { cwd: prefix }).filter(path => /tsbox/.test(path)),
      [],
      'nothing is left',
    )
  },
)
