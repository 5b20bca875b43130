import type { OptionRow } from '../option.ts'
import { RUN_OPTIONS } from './run-options.ts'

/** Options with a value that `run --bundle` has and `run` for boxes has not. */
const ITS_OWN: ReadonlySet<string> = new Set(['bundle', 'console-socket', 'pid-file', 'preserve-fds'])

const takesValue = (option: string): boolean => {
  const name = option.replace(/^-+/, '')
  const isIt = ({ name: long, short }: OptionRow<never>) => (option.startsWith('--') ? long : short) === name
  const row = (RUN_OPTIONS as readonly OptionRow<never>[]).find(isIt)
  return name === 'b' || ITS_OWN.has(name) || row?.value !== undefined
}

/** Whether `run` is asked to run a bundle: --bundle stands among its options, not among the words of a program. */
export const isBundleRun = (args: readonly string[]): boolean => {
  for (let i = 0; i < args.length; i++) {
    const word = args[i] ?? ''
    if (word === '--' || !word.startsWith('-')) return false
    if (word === '-b' || word === '--bundle' || word.startsWith('--bundle=')) return true
    if (!word.includes('=') && takesValue(word)) i++
  }
  return false
}
