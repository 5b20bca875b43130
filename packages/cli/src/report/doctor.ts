import type { Check } from '../commands/doctor-checks.ts'

const MARKS: Readonly<Record<Check['state'], string>> = {
  ok: 'ok     ',
  limited: 'limited',
  missing: 'MISSING',
}

/** The findings as text: a line each, and a second one with the fix where there is something to fix. */
export const doctorText = (checks: readonly Check[]): string => {
  const width = Math.max(...checks.map(({ name }) => name.length))
  const lines = checks.map(
    ({ name, state, detail, fix }) =>
      `${MARKS[state]}  ${name.padEnd(width)}  ${detail}${fix === undefined ? '' : `\n${' '.repeat(11 + width)}${fix}`}`,
  )
  const missing = checks.filter(({ state }) => state === 'missing').length
  const verdict = missing === 0 ? 'Boxes can run here.' : `Boxes cannot run here: ${missing} missing.`
  return `${lines.join('\n')}\n\n${verdict}\n`
}
