import { join } from 'node:path'
import { command } from './command.ts'
import { type Live, startProgram } from './live-box.ts'

/** Quotes a word for sh. */
export const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`

/** `tsbox ARGS…` as a line for sh. */
export const line = (args: readonly string[]): string => [command(), ...args].map(quoted).join(' ')

/**
 * Runs a line of sh in a terminal of its own, that of script(1), which Debian always has: what is typed goes to the
 * terminal, what the terminal shows is standard output. The shell tells its terminal first: `TTY /dev/pts/N`.
 */
export const inTerminal = (
  shell: string,
  size: { rows: number; cols: number } = { rows: 24, cols: 80 },
): Live => {
  const set = `stty rows ${size.rows} cols ${size.cols}; echo "TTY $(tty)"; `
  return startProgram('script', ['-qefc', set + shell, join('/dev', 'null')], {
    env: { ...process.env, SHELL: '/bin/sh', TERM: 'xterm' },
  })
}
