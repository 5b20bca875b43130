import { TsboxError } from '@tsbox/errors'

/** Kernel parameters that belong to a namespace of the box (namespaces(7)); all others are the host's. */
const IPC = /^(kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)|fs\.mqueue\.[a-z_]+)$/
const UTS = /^kernel\.(domainname|hostname)$/
const NET = /^net\.[A-Za-z0-9_-]+(?:[./][A-Za-z0-9_-]+)*$/

export interface Sysctl {
  /** Below /proc/sys. */
  readonly file: string
  /** Whose it is. */
  readonly namespace: 'ipc' | 'network' | 'uts'
}

/**
 * The kernel parameter a key names, in either form of sysctl(8): the first '.' or '/' says which of them separates, the other
 * one then is part of a name. Undefined for one that belongs to no namespace, or none at all.
 */
export const sysctlOf = (key: string): Sysctl | undefined => {
  const name = /^[^./]*\//.test(key) ? swapped(key) : key
  const namespace = IPC.test(name) ? 'ipc' : UTS.test(name) ? 'uts' : NET.test(name) ? 'network' : undefined
  return namespace === undefined ? undefined : { file: swapped(name), namespace }
}

const swapped = (name: string): string =>
  name.replaceAll(/[./]/g, separator => (separator === '.' ? '/' : '.'))

/** Whether a value can be written into one file as it is: plain text, in which tabs separate numbers. */
export const isSysctlValue = (value: string): boolean =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
  !/[\x00-\x08\x0a-\x1f\x7f]/.test(value) && value.length <= 4000

/**
 * The file below /proc/sys of a kernel parameter that a box may set.
 *
 * @param ownNetwork whether the box has a network namespace of its own
 * @throws TsboxError ERR_TSBOX_SPEC for a parameter of the host, or a key or value that is not plain text
 */
export const sysctlFile = (key: string, value: string, ownNetwork: boolean): string => {
  if (!isSysctlValue(value)) throw refuse(key, 'its value is not plain text')
  const found = sysctlOf(key)
  if (found === undefined || found.file === 'kernel/hostname')
    throw refuse(key, 'it is not one of a namespace of the box, so it would change the host')
  if (found.namespace === 'network' && !ownNetwork)
    throw refuse(key, 'with the network of the host it would change the host')
  return found.file
}

const refuse = (key: string, why: string): TsboxError =>
  new TsboxError('ERR_TSBOX_SPEC', `the kernel parameter ${JSON.stringify(key)} cannot be set: ${why}`, {
    hint: 'A box can set kernel.msg*, kernel.sem, kernel.shm*, kernel.domainname, fs.mqueue.* and, with --net none, net.*.',
    step: 'sysctl',
  })
