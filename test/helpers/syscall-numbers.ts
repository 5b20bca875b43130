import { readFileSync } from 'node:fs'
import type { Abi } from './filter-probe.ts'

/** The kernel's own lists, of the package linux-libc-dev. */
const HEADERS: Readonly<Record<Abi, string>> = {
  x86_64: '/usr/include/x86_64-linux-gnu/asm/unistd_64.h',
  x32: '/usr/include/x86_64-linux-gnu/asm/unistd_x32.h',
  i386: '/usr/include/x86_64-linux-gnu/asm/unistd_32.h',
  aarch64: '/usr/include/asm-generic/unistd.h',
}

/** What the generic list has for machines of 32 bits or with calls of their own, and the number of its last one. */
const NOT_ARM64 = ['arch_specific_syscall', 'fadvise64_64', 'fstatat64', 'sync_file_range2', 'syscalls']
const isOf32Bits = (number: number): boolean => number >= 403 && number <= 423

const read = new Map<Abi, ReadonlyMap<string, number>>()

/** Every system call of an ABI by name, as its header has them; x32 numbers without bit 30. */
export const callNumbers = (abi: Abi): ReadonlyMap<string, number> => {
  const known = read.get(abi)
  if (known !== undefined) return known
  const lines = readFileSync(HEADERS[abi], 'utf8').matchAll(
    /^#define __NR(?:3264)?_(\w+) \(?(?:__X32_SYSCALL_BIT \+ )?(\d+)\)?$/gm,
  )
  const numbers = new Map([...lines].map(([, name = '', number]) => [name, Number(number)]))
  if (abi === 'aarch64') fitArm64(numbers)
  read.set(abi, numbers)
  return numbers
}

const fitArm64 = (numbers: Map<string, number>): void => {
  for (const [name, number] of numbers)
    if (NOT_ARM64.includes(name) || isOf32Bits(number)) numbers.delete(name)
  numbers.delete('fstatat')
  numbers.set('newfstatat', 79)
}

/** @throws Error when the ABI has no such call */
export const callNumber = (abi: Abi, name: string): number => {
  const number = callNumbers(abi).get(name)
  if (number !== undefined) return number
  throw new Error(`${abi} has no system call ${name}`)
}
