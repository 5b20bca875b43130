import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { env } from 'node:process'
import { nodeOfLauncher, which } from './executables.ts'

const REPO = resolve(import.meta.dirname, '../..')
export const OUTPUT = join(REPO, 'build/bench')

/** Everything the contenders share: one root filesystem, one Node. */
export type Fixture = {
  /** A private directory, removed at the end. */
  readonly dir: string
  /** A root filesystem that holds one static program under several names. */
  readonly root: string
  readonly floor: string
  readonly node: string
  readonly tsbox: string | undefined
}

const compile = (source: string, output: string): void => {
  const compiler = which('musl-gcc') ?? which('gcc')
  if (compiler === undefined) throw new Error('no C compiler: install musl-tools or gcc')
  const flags = ['-std=c11', '-static', '-Os', '-Wall', '-Wextra', '-s']
  const built = spawnSync(compiler, [...flags, join(REPO, source), '-o', output], { encoding: 'utf8' })
  if (built.status !== 0) throw new Error(`${source} does not compile: ${built.stderr}`)
}

const makeRoot = (root: string): void => {
  for (const name of ['bin', 'proc', 'sys', 'dev', 'tmp', 'etc', 'run']) {
    mkdirSync(join(root, name), { recursive: true })
  }
  compile('shim-c/test/probe.c', join(root, 'bin/probe'))
  for (const name of ['true', 'sleep']) symlinkSync('probe', join(root, 'bin', name))
}

const findTsbox = (): string | undefined => {
  const path = resolve(env.TSBOX ?? join(REPO, 'build/bench-prefix/bin/tsbox'))
  return existsSync(path) ? path : undefined
}

/** Builds the C programs and the root filesystem in a fresh directory. @throws Error when C does not compile */
export const makeFixture = (): Fixture => {
  const dir = mkdtempSync(join(tmpdir(), 'tsbox-bench-'))
  const root = join(dir, 'root')
  const floor = join(dir, 'floor')
  makeRoot(root)
  compile('shim-c/bench/floor.c', floor)
  writeFileSync(join(dir, 'empty.cjs'), '')
  writeFileSync(
    join(dir, 'execve.cjs'),
    `process.execve(${JSON.stringify(join(root, 'bin/true'))}, ['true'])\n`,
  )
  copyFileSync(join(root, 'bin/probe'), join(dir, 'true'))
  const tsbox = findTsbox()
  const node = (tsbox === undefined ? undefined : nodeOfLauncher(tsbox)) ?? process.execPath
  return { dir, root, floor, node, tsbox }
}

/** @throws Error when something is still mounted in it, because then removing could reach further than it should */
export const removeFixture = ({ dir }: Fixture): void => {
  if (readFileSync('/proc/self/mounts', 'utf8').includes(` ${dir}/`))
    throw new Error(`${dir} has mounts in it`)
  rmSync(dir, { recursive: true, force: true })
}
