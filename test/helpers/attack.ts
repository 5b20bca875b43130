import { type ChildProcess, spawn } from 'node:child_process'
import { copyFileSync, existsSync } from 'node:fs'
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
