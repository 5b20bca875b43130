import { TsboxError } from '@tsbox/errors'

/**
 * @param path of the field, such as `mounts[3].destination`; '' is the document itself
 * @param hint what the field may be, as one sentence
 */
export const configError = (path: string, what: string, hint: string): TsboxError =>
  new TsboxError('ERR_TSBOX_CONFIG', path === '' ? what : `${path}: ${what}`, { hint, step: path })

/** The path of a member or item of what lies at `outer`. */
export const jsonPath = (outer: string, key: string | number): string => {
  if (typeof key === 'number') return `${outer}[${key}]`
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) return `${outer}[${JSON.stringify(key)}]`
  return outer === '' ? key : `${outer}.${key}`
}
