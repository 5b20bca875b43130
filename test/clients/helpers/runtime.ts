import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { command } from '../../helpers/command.ts'

/** The OCI runtime that the engines of these tests start their containers with; `TSBOX_CLIENT_RUNTIME` names another. */
export const runtimeUnderTest = (): string => process.env.TSBOX_CLIENT_RUNTIME ?? command()

const statusField = (name: string): string =>
  new RegExp(`^${name}:\\t([0-9a-f]+)$`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''

/** The capabilities that can be had here at all, as /proc/PID/status prints them. */
export const OWN_CAPABILITIES = statusField('CapBnd')

/**
 * Why `--privileged` cannot be tried, or undefined. A machine can lack a capability that the engine asks for; the
 * specification (config.md, "capabilities") wants a warning then, but runc 1.1 refuses.
 */
export const refusesMissingCapabilities = (): string | undefined => {
  const last = Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8'))
  const all = BigInt(`0x${OWN_CAPABILITIES}`) === (1n << BigInt(last + 1)) - 1n
  if (all || basename(runtimeUnderTest()) !== 'runc') return undefined
  return `this machine has capabilities ${OWN_CAPABILITIES} only, and runc refuses to go on without the others`
}
