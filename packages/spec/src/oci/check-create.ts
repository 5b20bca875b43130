import type { OciConfig, OciNamespaceType, OciProcess } from './config.ts'
import { configError } from './config-error.ts'

/** A configuration a container can be made from. */
export interface CreatableConfig extends OciConfig {
  readonly process: OciProcess
}

/**
 * What making a container needs beyond a valid document: a process, because the configuration is kept as it is at `create`;
 * a mount namespace, because the root is entered by pivot_root(2); and for interfaces that are moved, somewhere to move them.
 *
 * @throws TsboxError ERR_TSBOX_CONFIG
 */
export const checkCreate = (config: OciConfig): CreatableConfig => {
  const { process, linux } = config
  if (process === undefined)
    throw configError('process', 'is missing', 'Say what to run; a container cannot be changed once made.')
  const has = (type: OciNamespaceType) => (linux.namespaces ?? []).some(each => each.type === type)
  if (!has('mount'))
    throw configError(
      'linux.namespaces',
      'there is no mount namespace, and the root would become that of the host',
      'Add {"type": "mount"}.',
    )
  if (Object.keys(linux.netDevices ?? {}).length > 0 && !has('network'))
    throw configError(
      'linux.netDevices',
      'there is no network namespace to move them to',
      'Add {"type": "network"} to linux.namespaces.',
    )
  return { ...config, process }
}
