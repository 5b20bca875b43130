import { readFileSync } from 'node:fs'

/**
 * The limit of open files the caller has. Node raises its own soft limit to the hard one; what the caller had is still to be read
 * from the process that started this one.
 */
export const callersDescriptorLimit = (): { readonly soft: number; readonly hard: number } => {
  const own = read('self') ?? { soft: 1024, hard: 4096 }
  const callers = process.ppid === 0 ? undefined : read(process.ppid)
  return { soft: Math.min(callers?.soft ?? own.soft, own.hard), hard: own.hard }
}

const read = (pid: number | 'self') => {
  try {
    const line = /^Max open files\s+(\d+)\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'latin1'))
    return line === null ? undefined : { soft: Number(line[1]), hard: Number(line[2]) }
  } catch {
    return undefined
  }
}

/** Capabilities this program has, as a mask. */
export const ownCapabilities = (): bigint => {
  const line = /^CapPrm:\s+([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'latin1'))
  return BigInt(`0x${line?.[1] ?? '0'}`)
}

/** Whether this is the root of the whole machine, and not of a user namespace only (user_namespaces(7)). */
export const isMachineRoot = (): boolean => {
  if (process.geteuid?.() !== 0) return false
  try {
    return /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'latin1'))
  } catch {
    return true
  }
}
