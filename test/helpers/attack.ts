import { type ChildProcess, spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { probeRootfs } from './rootfs.ts'

const ATTACK = join(import.meta.dirname, '..', '..', 'build', 'test', 'attack')

/** The static program that attacks, where probe only looks; `make build-tests` makes it. */
export const attack = (): string => {
  if (existsSync(ATTACK)) return ATTACK
  throw new Error('build/test/attack is missing: run `make build-tests`')
}

/** A root file system with /bin/probe and /bin/attack. */
export const attackRootfs = (dir: string): string => {
  probeRootfs(dir)
  copyFileSync(attack(), join(dir, 'bin', 'attack'))
  return dir
}

/** Exchanges two names as fast as the kernel can, until the returned function is called. */
export const swap = async (one: string, other: string): Promise<() => Promise<void>> => {
  const child = spawn(attack(), ['swap', one, other], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  await ready(child)
  return async () => {
    child.kill('SIGKILL')
    await ended
  }
}

/** Settles when a program has said "ready". */
export const ready = (child: ChildProcess, word = 'ready'): Promise<void> =>
  new Promise((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', chunk => {
      text += chunk
      if (text.includes(word)) resolve()
    })
    child.once('close', () => reject(new Error(`it ended before it was ready: ${JSON.stringify(text)}`)))
  })

/** How long a race is run: 60 starts or 12 seconds, whichever comes first; TSBOX_RACES=N asks for N starts. */
export const raceStarts = async (start: (index: number) => Promise<void>): Promise<number> => {
  const wanted = process.env.TSBOX_RACES === undefined ? 60 : Number(process.env.TSBOX_RACES)
  const end = process.env.TSBOX_RACES === undefined ? Date.now() + 12_000 : Number.POSITIVE_INFINITY
  let index = 0
  for (; index < wanted && Date.now() < end; index++) await start(index)
  return index
}

/** What is put in the place of a root's /proc while a box starts: each makes `decoy` in the root, beside a new `proc`. */
export const procDecoys = (rootfs: string): readonly (readonly [what: string, make: () => void])[] => {
  const kinds = [
    ['a link', () => symlinkSync('/empty', join(rootfs, 'decoy'))],
    ['a directory', () => mkdirSync(join(rootfs, 'decoy'))],
  ] as const
  return kinds.map(([what, make]) => [
    what,
    () => {
      for (const path of ['proc', 'decoy', 'empty'])
        rmSync(join(rootfs, path), { recursive: true, force: true })
      for (const path of ['proc', 'empty']) mkdirSync(join(rootfs, path))
      make()
    },
  ])
}

/** A caller's environment that is after Node, the loader and the shim's own words; which programs Node starts for is written to `log`. */
export const hostileEnvironment = (
  dir: string,
): { readonly log: string; readonly env: NodeJS.ProcessEnv } => {
  const [log, spy] = [join(dir, 'log'), join(dir, 'spy.cjs')]
  const line = `process.argv.slice(2).filter(word => /^[a-z]+$/.test(word))[0] + '\\n'`
  writeFileSync(spy, `require('node:fs').appendFileSync(${JSON.stringify(log)}, ${line})`)
  writeFileSync(log, '')
  return {
    log,
    env: {
      ...process.env,
      NODE_OPTIONS: `--require=${spy}`,
      LD_PRELOAD: '/nowhere/evil.so',
      TSBOX_PLAN_A: 'QUJD',
      TSBOX_HANDBACK: '{"receipt":"/nowhere/x"}',
    },
  }
}
