/** What a filter looks at: `struct seccomp_data` without the instruction pointer. */
export interface Call {
  /** AUDIT_ARCH_*. */
  readonly arch: number
  readonly nr: number
  readonly args?: readonly bigint[]
}

export const AUDIT_ARCH = {
  x86_64: 0xc000_003e,
  i386: 0x4000_0003,
  aarch64: 0xc000_00b7,
  arm: 0x4000_0028,
  riscv64: 0xc000_00f3,
} as const

/** Set in the number of an x32 call. */
export const X32 = 0x4000_0000

const dataOf = ({ arch, nr, args = [] }: Call): Buffer => {
  const data = Buffer.alloc(64)
  data.writeUInt32LE(nr >>> 0, 0)
  data.writeUInt32LE(arch, 4)
  args.forEach((arg, i) => {
    data.writeBigUInt64LE(BigInt.asUintN(64, arg), 16 + 8 * i)
  })
  return data
}

/** Whether the jump of an instruction is taken; the constant is the last operand. */
const TESTS: Readonly<Record<number, (a: number, k: number) => boolean>> = {
  21: (a, k) => a === k,
  37: (a, k) => a > k,
  53: (a, k) => a >= k,
  69: (a, k) => (a & k) !== 0,
}

/**
 * Runs a classic BPF program over a system call, as the kernel does (seccomp(2), net/core/filter.c), and returns the word
 * it answers. Knows the instructions that a seccomp filter may have and libseccomp writes; any other is an error.
 */
export const evaluate = (program: Buffer, call: Call): number => {
  const data = dataOf(call)
  let a = 0
  for (let pc = 0; pc * 8 < program.length; pc++) {
    const at = pc * 8
    const code = program.readUInt16LE(at)
    const k = program.readUInt32LE(at + 4)
    const test = TESTS[code]
    if (test !== undefined) pc += program.readUInt8(at + (test(a, k) ? 2 : 3))
    else if (code === 0x20) a = data.readUInt32LE(k)
    else if (code === 0x54) a = (a & k) >>> 0
    else if (code === 0x05) pc += k
    else if (code === 0x06) return k
    else throw new Error(`instruction ${pc} has the code 0x${code.toString(16)}`)
  }
  throw new Error('the program runs off its end')
}

const WORDS: Readonly<Record<number, string>> = {
  2147483648: 'kill process',
  0: 'kill thread',
  196608: 'trap',
  327680: 'errno',
  2143289344: 'notify',
  2146435072: 'trace',
  2147221504: 'log',
  2147418112: 'allow',
}

/** The answer in words: 'allow', 'errno 38', 'kill thread' … */
export const verdict = (program: Buffer, call: Call): string => {
  const word = evaluate(program, call)
  const name = WORDS[(word & 0xffff_0000) >>> 0] ?? `0x${word.toString(16)}`
  const value = word & 0xffff
  return name === 'errno' || name === 'trace' || value !== 0 ? `${name} ${value}` : name
}

/** The program as text, one instruction a line, to see where a test went wrong. */
export const listing = (program: Buffer): string =>
  Array.from({ length: program.length / 8 }, (_, i) => {
    const at = i * 8
    const [code, jt, jf, k] = [
      program.readUInt16LE(at),
      program.readUInt8(at + 2),
      program.readUInt8(at + 3),
      program.readUInt32LE(at + 4),
    ]
    return `${i}: ${code.toString(16).padStart(2, '0')} ${jt} ${jf} 0x${k.toString(16)}`
  }).join('\n')
