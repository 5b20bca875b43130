import { existsSync, renameSync, rmSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { constants } from 'node:os'
import { join } from 'node:path'

const PREFIX = 'run.'

/** Where one run puts everything that is not cached yet or never will be. */
export interface Scratch {
  readonly directory: string
  /** Spares the directory from removal, and returns its new name. */
  readonly keep: () => string
}

/**
 * Makes the run's own directory below `cache`. It is removed when this process exits, signals included; what a
 * killed run left is removed by the next.
 */
export async function makeScratch(cache: string): Promise<Scratch> {
  await mkdir(cache, { recursive: true })
  await removeStale(cache)
  const directory = join(cache, `${PREFIX}${process.pid}`)
  await mkdir(directory)
  process.on('exit', () => removeQuietly(directory))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => process.exit(128 + constants.signals[signal]))
  }
  return {
    directory,
    keep: () => {
      const kept = join(cache, `kept-${process.pid}`)
      renameSync(directory, kept)
      return kept
    },
  }
}

/** A program we started may still be writing there as we exit; then the next run removes the rest. */
function removeQuietly(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
  } catch (error) {
    process.stderr.write(`vm: ${directory} is left for the next run to remove: ${String(error)}\n`)
  }
}

async function removeStale(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const owner = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : undefined
    if (owner !== undefined && !existsSync(`/proc/${owner}`))
      await rm(join(cache, name), { recursive: true, force: true })
  }
}
