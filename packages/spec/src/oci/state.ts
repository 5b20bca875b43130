import { TsboxError } from '@tsbox/errors'

/** The states of runtime.md, "State". */
export const OCI_STATUSES = ['creating', 'created', 'running', 'stopped'] as const
export type OciStatus = (typeof OCI_STATUSES)[number]

/**
 * The state of a container (runtime-spec, runtime.md, "State"): what `state` prints, and hooks and agents get. Engines also
 * meet `paused`, which the specification leaves to runtimes.
 */
export interface OciState {
  readonly ociVersion: string
  readonly id: string
  readonly status: OciStatus | 'paused'
  /** Of the container's process as the host sees it; not there once it is stopped. */
  readonly pid?: number | undefined
  /** Absolute. */
  readonly bundle: string
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

/** Engines use 64 hexadecimal digits; twice that leaves room for names and still fits a file's name with a suffix. */
export const LONGEST_ID = 128

/**
 * A container's id. It becomes a directory and a group, so it is a plain name: it cannot be `.` or `..`, have a slash in it, or
 * look like an option.
 *
 * @throws TsboxError ERR_TSBOX_USAGE
 */
export const containerId = (id: string): string => {
  if (id.length <= LONGEST_ID && /^[A-Za-z0-9_+][A-Za-z0-9_+.-]*$/.test(id)) return id
  const shown = JSON.stringify(id.length > LONGEST_ID ? `${id.slice(0, 32)}…` : id)
  throw new TsboxError('ERR_TSBOX_USAGE', `${shown} cannot be the id of a container`, {
    hint: `Use up to ${LONGEST_ID} letters, digits, "_", "+", "." and "-", beginning with none of the last two.`,
    step: 'id',
  })
}
