import { type SpawnSyncOptions, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BoxInput } from '@tsbox/spec'
import { boxInput } from '../src/commands/run-input.ts'
import { RUN_OPTIONS } from '../src/commands/run-options.ts'
import { newRunSettings, type RunSettings } from '../src/commands/run-settings.ts'
import { readOptions } from '../src/option.ts'

/** What `tsbox run ARGS…` was read as. */
export const settingsOf = (...args: string[]): RunSettings => {
  const settings = newRunSettings()
  readOptions(args, RUN_OPTIONS, settings)
  return settings
}

/** The box `tsbox run ARGS… true` asks for. */
export const inputOf = (...args: string[]): BoxInput => {
  const settings = newRunSettings()
  const { rest } = readOptions([...args, 'true'], RUN_OPTIONS, settings)
  return boxInput(settings, rest)
}

let compiled: string | undefined

/** Code compiled by one process is there for the next; it goes when the tests of this file end. */
const compileCache = (): string => {
  if (compiled !== undefined) return compiled
  const dir = mkdtempSync(join(tmpdir(), 'tsbox-compiled-'))
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }))
  compiled = dir
  return dir
}

/** The command from its sources, as a process of its own. */
export const tsboxFromSource = (args: readonly string[], options: SpawnSyncOptions = {}) => {
  const main = join(import.meta.dirname, '..', 'src', 'main.ts')
  // Without the two dashes Node would take --env-file for its own, wherever it stands.
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--conditions=@tsbox/source', '--', main, ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...options,
      // What a test runner preloads would be most of the time a process takes.
      env: { ...process.env, ...options.env, NODE_OPTIONS: '', NODE_COMPILE_CACHE: compileCache() },
    },
  )
  return { status, stdout: String(stdout), stderr: String(stderr) }
}
