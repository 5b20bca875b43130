import { realpathSync } from 'node:fs'

/**
 * This program again, for what is to be told when a box or verb has ended. SIGUSR1 ends it, as it ends any program, and does not
 * open a debugger (node(1), --disable-sigusr1; the first line of the command says the same).
 */
export const ownCommand = (): readonly string[] => [
  process.execPath,
  '--disable-sigusr1',
  realpathSync(process.argv[1] ?? ''),
]
