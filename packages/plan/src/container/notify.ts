import type { Op } from '@tsbox/protocol'
import type { ContainerInput } from './input.ts'
import { OCI_VERSION, PID, type StateOf, stateText } from './state-text.ts'

/**
 * Whom a filter's listener goes to, with the words the specification has for it (runtime-spec, config-linux.md, "The Container
 * Process State"). The status is that at the time the filter is put on, which is when the program is started.
 */
export const listenerOps = (
  input: StateOf & Pick<ContainerInput, 'filter'>,
  status = 'created',
): readonly Op[] => {
  const { listenerPath, listenerMetadata } = input.config.linux.seccomp ?? {}
  if (input.filter?.notify !== true || listenerPath === undefined) return []
  const words = [
    `"ociVersion":${JSON.stringify(OCI_VERSION)}`,
    '"fds":["seccompFd"]',
    `"pid":${PID}`,
    ...(listenerMetadata === undefined ? [] : [`"metadata":${JSON.stringify(listenerMetadata)}`]),
    `"state":${stateText(input, status)}`,
  ]
  return [{ op: 'listener', path: listenerPath, words: `{${words.join(',')}}` }]
}
