import { constants } from 'node:os'
import { TsboxError } from '@tsbox/errors'

/**
 * The number of a signal given as number, 'TERM' or 'SIGTERM' (signal(7)).
 *
 * @throws TsboxError ERR_TSBOX_SPEC when there is no such signal
 */
export const parseSignal = (value: string | number): number => {
  const text = String(value).toUpperCase()
  const known: Readonly<Record<string, number>> = constants.signals
  const number = /^\d+$/.test(text) ? Number(text) : known[text.startsWith('SIG') ? text : `SIG${text}`]
  if (number !== undefined && number >= 1 && number <= 64) return number
  throw new TsboxError('ERR_TSBOX_SPEC', `there is no signal ${JSON.stringify(value)}`, {
    hint: 'Give a name such as TERM, or a number from 1 to 64; `kill -l` lists them.',
    step: 'stopSignal',
  })
}

/** The name of a signal number, such as 'SIGTERM'; 'signal 40' for one without a name. */
export const signalName = (number: number): string =>
  Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`
