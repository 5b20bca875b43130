import { TsboxError } from '@tsbox/errors'

/** capabilities(7), by number: the index is the kernel's. */
export const CAPABILITIES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  'IPC_OWNER',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SYS_PACCT',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_NICE',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'MKNOD',
  'LEASE',
  'AUDIT_WRITE',
  'AUDIT_CONTROL',
  'SETFCAP',
  'MAC_OVERRIDE',
  'MAC_ADMIN',
  'SYSLOG',
  'WAKE_ALARM',
  'BLOCK_SUSPEND',
  'AUDIT_READ',
  'PERFMON',
  'BPF',
  'CHECKPOINT_RESTORE',
] as const

export type Capability = (typeof CAPABILITIES)[number]

/** What a program in a box may do when nothing else is asked: the everyday rights of root over its own files and processes. */
export const DEFAULT_CAPABILITIES: readonly Capability[] = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'NET_BIND_SERVICE',
  'SETGID',
  'SETUID',
]

/**
 * A capability's name in the form of CAPABILITIES; `CAP_` and case are optional.
 *
 * @throws TsboxError ERR_TSBOX_SPEC when there is no such capability
 */
export const parseCapability = (text: string): Capability => {
  const name = text.toUpperCase().replace(/^CAP_/, '')
  const found = CAPABILITIES.find(capability => capability === name)
  if (found !== undefined) return found
  throw new TsboxError('ERR_TSBOX_SPEC', `there is no capability ${JSON.stringify(text)}`, {
    hint: 'See capabilities(7) for the names, such as NET_ADMIN; ALL stands for all of them.',
    step: 'capabilities',
  })
}

/** The set with the given capabilities, as the kernel's bit mask. */
export const capabilityMask = (capabilities: readonly Capability[]): bigint =>
  capabilities.reduce((mask, name) => mask | (1n << BigInt(CAPABILITIES.indexOf(name))), 0n)
