import { existsSync } from 'node:fs'
import { TsboxError } from '@tsbox/errors'
import { type OciConfig, type OciMount, type OciProcess, parseMountOptions } from '@tsbox/spec'

const refuse = (field: string, why: string, hint: string): TsboxError =>
  new TsboxError('ERR_TSBOX_HOST', `${field}: ${why}`, { hint, step: field })

/**
 * Whether this kernel can do what a process asks for; asked before anything is changed, so that a label is never left out without
 * a word (CVE-2025-65105).
 *
 * @throws TsboxError ERR_TSBOX_HOST
 */
export const checkProcess = ({ apparmorProfile, selinuxLabel }: OciProcess, at = 'process'): void => {
  if (isNamed(apparmorProfile) && !existsSync('/sys/module/apparmor/parameters/enabled'))
    throw refuse(
      `${at}.apparmorProfile`,
      'AppArmor is not enabled here',
      'Leave it out, or boot with apparmor=1.',
    )
  if (isNamed(selinuxLabel) && !existsSync('/sys/fs/selinux/enforce'))
    throw refuse(`${at}.selinuxLabel`, 'SELinux is not enabled here', 'Leave it out, or boot with selinux=1.')
}

const isNamed = (label: string | undefined): boolean =>
  label !== undefined && label !== '' && label !== 'unconfined'

/**
 * A terminal has somebody at its other end: whoever is at the socket, or a supervisor that stays.
 *
 * @param leaves nobody stays with the process
 * @throws TsboxError ERR_TSBOX_USAGE
 */
export const checkConsole = (
  terminal: boolean | undefined,
  { consoleSocket, leaves }: { readonly consoleSocket: string | undefined; readonly leaves: boolean },
): void => {
  const [what, hint] =
    terminal === true
      ? [
          'there is a terminal (process.terminal) and nobody to hand it to',
          'Name a socket, or set it to false.',
        ]
      : ['process.terminal is not true', 'Set it in config.json, or leave the socket out.']
  const fits = terminal === true ? consoleSocket !== undefined || !leaves : consoleSocket === undefined
  if (!fits)
    throw new TsboxError('ERR_TSBOX_USAGE', `--console-socket: ${what}`, { hint, step: '--console-socket' })
}

/** What is mounted already takes other flags, and nothing that is for its file system. Owners are mapped of what is bound. */
const checkMount = ({ type, options = [], uidMappings }: OciMount, index: number): void => {
  const field = `mounts[${index}].options`
  const { bind, remount, data, superFlags, idmap } = parseMountOptions(options, field)
  if ((uidMappings !== undefined || idmap !== false) && (remount || (bind === false && type !== 'bind')))
    throw refuse(
      uidMappings === undefined ? field : `mounts[${index}].uidMappings`,
      'owners can be mapped of bind mounts only',
      'Leave it out, or bind a directory.',
    )
  const [odd] = [...data.map(([key]) => key), ...superFlags.filter(flag => flag !== 'ro' && flag !== 'rw')]
  if (remount && odd !== undefined)
    throw refuse(field, `"${odd}" cannot be changed by a remount`, 'Give it to the entry that mounts it.')
}

/**
 * Whether this host can make a container.
 *
 * @throws TsboxError ERR_TSBOX_HOST
 */
export const checkHost = ({
  process,
  linux,
  mounts = [],
}: OciConfig & { readonly process: OciProcess }): void => {
  checkProcess(process)
  mounts.forEach(checkMount)
  if (isNamed(linux.mountLabel) && !existsSync('/sys/fs/selinux/enforce'))
    throw refuse('linux.mountLabel', 'SELinux is not enabled here', 'Leave it out, or boot with selinux=1.')
  for (const { type } of linux.namespaces ?? [])
    if (type === 'time' && !existsSync('/proc/self/ns/time'))
      throw refuse(
        'linux.namespaces',
        'this kernel has no time namespaces',
        'Leave it out, or use Linux 5.6.',
      )
  if (process.terminal === true && !mounts.some(({ destination }) => destination === '/dev/pts'))
    throw refuse(
      'process.terminal',
      'nothing is mounted at /dev/pts for it',
      'Add a mount of type devpts there.',
    )
}
