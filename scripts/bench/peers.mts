import { $ } from 'zx'
import { which } from './executables.ts'

/** Debian and Ubuntu package → the program it brings. */
const PEERS = [
  ['bubblewrap', 'bwrap'],
  ['crun', 'crun'],
  ['runc', 'runc'],
] as const

$.verbose = false
$.nothrow = true

const say = (text: string): void => {
  process.stdout.write(`bench-peers: ${text}\n`)
}

const install = async (name: string, program: string): Promise<boolean> => {
  const before = which(program)
  if (before !== undefined) {
    say(`${name}: already there (${before})`)
    return true
  }
  say(`${name}: apt-get install -y --no-install-recommends ${name}`)
  const installed = await $`apt-get install -y --no-install-recommends ${name}`
  if (installed.exitCode === 0 && which(program) !== undefined) return true
  const reason = installed.stderr.trim().split('\n').at(-1)
  say(`${name}: MISSING: ${reason || `apt-get brought no ${program}`}`)
  return false
}

const main = async (): Promise<number> => {
  const absent = PEERS.filter(([, program]) => which(program) === undefined)
  if (absent.length > 0 && which('apt-get') === undefined) {
    say(`no apt-get here; install by hand: ${absent.map(([name]) => name).join(' ')}`)
    return 1
  }
  let missing = 0
  for (const [name, program] of PEERS) if (!(await install(name, program))) missing += 1
  for (const program of ['docker', 'podman']) {
    if (which(program) === undefined) say(`${program}: not installed; never installed from here`)
  }
  return missing === 0 ? 0 : 1
}

process.exitCode = await main()
