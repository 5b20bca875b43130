import { TsboxError } from '@tsbox/errors'

/** Kernel parameters that belong to a namespace of the box (namespaces(7)); all others are the host's. */
const OWN =
  /^(kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced|domainname)|fs\.mqueue\.[a-z_]+)$/
const NET = /^net\.[A-Za-z0-9_-]+(?:[./][A-Za-z0-9_-]+)*$/

/**
 * The file below /proc/sys of a kernel parameter that a box may set.
 *
 * @param ownNetwork whether the box has a network namespace of its own
 * @throws TsboxError ERR_TSBOX_SPEC for a parameter of the host, or a key or value that is not plain text
 */
export const sysctlFile = (key: string, value: string, ownNetwork: boolean): string => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value) || value.length > 4000)
    throw refuse(key, 'its value is not plain text')
  const name = key.includes('.') ? key : key.replaceAll('/', '.')
  if (OWN.test(name) || (NET.test(name) && ownNetwork))
    return name.replaceAll(/[./]/g, match => (match === '.' ? '/' : '.'))
  if (NET.test(name)) throw refuse(key, 'with the network of the host it would change the host')
  throw refuse(key, 'it is not one of a namespace of the box, so it would change the host')
}

const refuse = (key: string, why: string): TsboxError =>
  new TsboxError('ERR_TSBOX_SPEC', `the kernel parameter ${JSON.stringify(key)} cannot be set: ${why}`, {
    hint: 'A box can set kernel.msg*, kernel.sem, kernel.shm*, kernel.domainname, fs.mqueue.* and, with --net none, net.*.',
    step: 'sysctl',
  })
