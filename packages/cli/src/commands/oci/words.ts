import { TsboxError } from '@tsbox/errors'

/**
 * Exactly the words a verb takes.
 *
 * @throws TsboxError ERR_TSBOX_USAGE for one too few or too many
 */
export const exactly = <const N extends readonly string[]>(
  words: readonly string[],
  names: N,
  verb: string,
): { readonly [K in keyof N]: string } => {
  const missing = names[words.length]
  if (missing !== undefined) throw usage(verb, `${missing} is missing`)
  const extra = words[names.length]
  if (extra !== undefined) throw usage(verb, `${JSON.stringify(extra)} is one word too many`)
  return words as unknown as { readonly [K in keyof N]: string }
}

export const usage = (verb: string, why: string): TsboxError =>
  new TsboxError('ERR_TSBOX_USAGE', `tsbox ${verb}: ${why}`, {
    hint: `See \`tsbox ${verb} --help\`.`,
    step: verb,
  })
