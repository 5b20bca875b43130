import { parseArgs } from 'node:util'
import { TsboxError } from '@tsbox/errors'

/** One option of a verb: how it is written, what it says of itself, and what it does to the verb's settings. */
export interface OptionRow<T> {
  readonly name: string
  readonly short?: string
  /** What its value is called in the help; an option without one is a switch. */
  readonly value?: string
  readonly group: string
  readonly help: string
  readonly set: (settings: T, value: string) => void
}

/** The rest of a command line after the options: the box's own command. */
export interface Parsed {
  readonly rest: readonly string[]
  readonly help: boolean
}

/**
 * Reads options up to the first word that is none, or `--`; what follows belongs to the program in the box.
 *
 * @throws TsboxError ERR_TSBOX_USAGE for an unknown option, a missing value or one too many
 */
export const readOptions = <T>(
  args: readonly string[],
  table: readonly OptionRow<T>[],
  settings: T,
): Parsed => {
  const options = Object.fromEntries([
    ...table.map(row => [
      row.name,
      {
        type: row.value === undefined ? 'boolean' : 'string',
        multiple: true,
        ...(row.short ? { short: row.short } : {}),
      },
    ]),
    ['help', { type: 'boolean', short: 'h' }],
  ]) as Record<string, { type: 'boolean' | 'string' }>
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  for (const token of tokens) {
    if (token.kind === 'positional') return { rest: args.slice(token.index), help: false }
    if (token.kind === 'option-terminator') return { rest: args.slice(token.index + 1), help: false }
    if (token.name === 'help') return { rest: [], help: true }
    apply(token, table, settings)
  }
  return { rest: [], help: false }
}

interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value: string | undefined
}

const apply = <T>(
  { name, rawName, value }: OptionToken,
  table: readonly OptionRow<T>[],
  settings: T,
): void => {
  const row = table.find(candidate => candidate.name === name)
  if (row === undefined) throw unknownOption(rawName, table)
  if ((value === undefined) !== (row.value === undefined)) {
    throw new TsboxError(
      'ERR_TSBOX_USAGE',
      `${rawName} ${row.value === undefined ? 'takes no value' : 'needs a value'}`,
      {
        hint: row.value === undefined ? `Write ${rawName} alone.` : `Write ${rawName} ${row.value}.`,
        step: rawName,
      },
    )
  }
  row.set(settings, value ?? '')
}

const unknownOption = <T>(rawName: string, table: readonly OptionRow<T>[]): TsboxError => {
  const word = rawName.replace(/^-+/, '')
  const near = rawName.startsWith('--')
    ? table.find(({ name }) => name.startsWith(word) || word.startsWith(name))
    : undefined
  return new TsboxError('ERR_TSBOX_USAGE', `there is no option ${rawName}`, {
    hint:
      near === undefined
        ? 'See the `--help` of the command; options of the program come after it.'
        : `Did you mean --${near.name}?`,
    step: rawName,
  })
}

/** The options of a verb as help text: a line each, in groups. */
export const describeOptions = <T>(table: readonly OptionRow<T>[]): string => {
  const left = ({ name, short, value }: OptionRow<T>) =>
    `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`
  const width = Math.max(...table.map(row => left(row).length)) + 2
  const groups = [...new Set(table.map(row => row.group))]
  return groups
    .map(group => {
      const rows = table.filter(row => row.group === group)
      return rows.map(row => `  ${left(row).padEnd(width)}${row.help}`).join('\n')
    })
    .join('\n')
}
