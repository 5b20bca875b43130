import { existsSync } from 'node:fs'
import { TsboxError } from '@tsbox/errors'
import type { OciConfig, OciProcess } from '@tsbox/spec'

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
 * Whether this host can make a container.
 *
 * @throws TsboxError ERR_TSBOX_HOST, or ERR_TSBOX_USAGE for a console socket without a terminal
 */
export const checkHost = (
  { process, linux, mounts = [] }: OciConfig & { readonly process: OciProcess },
  consoleSocket: string | undefined,
): void => {
  checkProcess(process)
  if (isNamed(linux.mountLabel) && !existsSync('/sys/fs/selinux/enforce'))
    throw refuse('linux.mountLabel', 'SELinux is not enabled here', 'Leave it out, or boot with selinux=1.')
  for (const { type } of linux.namespaces ?? [])
    if (type === 'time' && !existsSync('/proc/self/ns/time'))
      throw refuse(
        'linux.namespaces',
        'this kernel has no time namespaces',
        'Leave it out, or use Linux 5.6.',
      )
  if (consoleSocket !== undefined && process.terminal !== true) {
    throw new TsboxError('ERR_TSBOX_USAGE', '--console-socket is given, and process.terminal is not true', {
      hint: 'Set process.terminal in config.json, or leave the socket out.',
      step: '--console-socket',
    })
  }
  if (process.terminal === true && !mounts.some(({ destination }) => destination === '/dev/pts'))
    throw refuse(
      'process.terminal',
      'nothing is mounted at /dev/pts for it',
      'Add a mount of type devpts there.',
    )
}
