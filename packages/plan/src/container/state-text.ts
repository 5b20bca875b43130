import type { OciConfig } from '@tsbox/spec'

/** The character that stands for the pid of init in texts the shim hands on; JSON never holds it as itself. */
export const PID = '\u001a'

export interface StateOf {
  readonly id: string
  readonly bundle: string
  readonly config: OciConfig
}

/** The version of the specification whose state document this is (runtime-spec, runtime.md, "State"). */
export const OCI_VERSION = '1.2.1'

/** The state document hooks and agents are given; the pid is filled in when it is known. */
export const stateText = ({ id, bundle, config }: StateOf, status: string): string => {
  const { annotations } = config
  const fields = {
    ociVersion: OCI_VERSION,
    id,
    status,
    ...(status === 'stopped' ? {} : { pid: 0 }),
    bundle,
    ...(annotations === undefined ? {} : { annotations }),
  }
  return JSON.stringify(fields).replace('"pid":0', `"pid":${PID}`)
}
