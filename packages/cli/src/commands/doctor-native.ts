import { closeSync, openSync, readdirSync } from 'node:fs'
import { RUN_DIR } from '@tsbox/runtime'
import { hasSystemCall, NEEDED_CALLS, tryLock } from '@tsbox/sys'
import type { Check } from './doctor-checks.ts'

/**
 * What only native calls can tell. Where koffi is not installed, as beside the command that `make install` makes, these
 * lines are left out; the trial run covers them.
 */
export const nativeChecks = (): readonly Check[] => {
  try {
    return [systemCalls(), leftovers()]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return []
    throw error
  }
}

const systemCalls = (): Check => {
  const names = Object.keys(NEEDED_CALLS) as (keyof typeof NEEDED_CALLS)[]
  const missing = names.filter(name => !hasSystemCall(name))
  if (missing.length === 0) return { name: 'system calls', state: 'ok', detail: names.join(', ') }
  return {
    name: 'system calls',
    state: 'missing',
    detail: `refused: ${missing.join(', ')}`,
    fix: 'Use Linux 5.12 or newer; inside another container, a seccomp profile that lets these through.',
  }
}

/** A run directory that nobody holds was left by a supervisor and a janitor that were killed at once. */
const leftovers = (): Check => {
  const free = runDirs().filter(name => !isHeld(`${RUN_DIR}/${name}`))
  if (free.length === 0) return { name: 'left behind', state: 'ok', detail: 'nothing' }
  return {
    name: 'left behind',
    state: 'limited',
    detail: free.join(', '),
    fix: `A box of the same name clears up first: tsbox run --name ${free[0]} true`,
  }
}

const runDirs = (): readonly string[] => {
  try {
    return readdirSync(RUN_DIR)
  } catch {
    return []
  }
}

const isHeld = (path: string): boolean => {
  try {
    const fd = openSync(path, 'r')
    const taken = tryLock(fd)
    closeSync(fd)
    return !taken
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true
    throw error
  }
}
