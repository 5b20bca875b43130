import { TsboxError } from '@tsbox/errors'
import type { Context } from './context.ts'

/** Verbs of other runtimes that would need criu; refused before anything is looked at. */
export const refuseVerb = ({ verb }: Context): never => {
  throw new TsboxError('ERR_TSBOX_USAGE', `tsbox does not ${verb} containers`, {
    hint: 'A container can be paused and resumed on the same machine.',
    step: verb,
  })
}
