import { TsboxError } from '@tsbox/errors'

/**
 * @param path below `linux.seccomp`, such as `syscalls[2].action`
 * @param hint what the field may be
 */
export const seccompError = (path: string, what: string, hint: string): TsboxError => {
  const step = `linux.seccomp.${path}`
  return new TsboxError('ERR_TSBOX_SPEC', `${step}: ${what}`, { hint, step })
}
