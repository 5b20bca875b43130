import { TsboxError } from '@tsbox/errors'

/** The error for a verb that a container's state forbids; the words are those engines look for. */
export const wrongState = (id: string, status: string, hint: string): TsboxError =>
  new TsboxError(
    'ERR_TSBOX_STATE',
    status === 'stopped'
      ? `container ${JSON.stringify(id)} is stopped: container not running`
      : `container ${JSON.stringify(id)} is ${status}`,
    { hint: `${hint.charAt(0).toUpperCase()}${hint.slice(1)}.`, step: 'state' },
  )
