import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const PLACES = ['/usr/sbin', '/usr/bin', '/sbin', '/bin']

const isThere = (program: string): boolean =>
  PLACES.some(place => {
    try {
      accessSync(join(place, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })

/**
 * Why tests that need these programs cannot run, or undefined when all are there. What is missing is installed from Debian first
 * (purpose `clients` of scripts/debian-packages.txt), so a reason means that this was tried and failed.
 */
export const whyNotRunnable = (programs: readonly string[]): string | undefined => {
  if (programs.every(isThere)) return undefined
  const said = install()
  const missing = programs.filter(program => !isThere(program))
  return missing.length === 0 ? undefined : `cannot be installed here: ${missing.join(', ')} (${said})`
}

const install = (): string => {
  try {
    execFileSync(join(ROOT, 'scripts', 'setup.sh'), ['clients'], { encoding: 'utf8', stdio: 'pipe' })
    return 'scripts/setup.sh clients succeeded'
  } catch (error) {
    return String(error).replaceAll('\n', ' ').slice(0, 300)
  }
}
