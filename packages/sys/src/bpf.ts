/** `struct sock_filter`: code, jump if true, jump if false, constant. */
export type Instruction = readonly [code: number, jt: number, jf: number, k: number]

/** Bytes of one instruction, and how many the kernel takes (BPF_MAXINSNS). */
export const INSTRUCTION_SIZE = 8
export const MAX_INSTRUCTIONS = 4096

/** The instructions of classic BPF in use here (linux/bpf_common.h). */
export const OP = {
  load: 0x20,
  and: 0x54,
  jump: 0x05,
  ifEqual: 0x15,
  ifGreater: 0x25,
  ifAtLeast: 0x35,
  ifSet: 0x45,
  answer: 0x06,
} as const

/** Offsets in `struct seccomp_data`; each argument is the lower half of a register and then the upper one. */
export const DATA = {
  nr: 0,
  arch: 4,
  low: (index: number) => 16 + 8 * index,
  high: (index: number) => 20 + 8 * index,
} as const

/** x32 calls come with this architecture and this bit in their number. */
export const AUDIT_ARCH_X86_64 = 0xc000_003e
export const X32_BIT = 0x4000_0000

export const assemble = (code: readonly Instruction[]): Buffer => {
  const bytes = Buffer.alloc(code.length * INSTRUCTION_SIZE)
  code.forEach(([op, jt, jf, k], i) => {
    const at = i * INSTRUCTION_SIZE
    bytes.writeUInt16LE(op, at)
    bytes.writeUInt8(jt, at + 2)
    bytes.writeUInt8(jf, at + 3)
    bytes.writeUInt32LE(k, at + 4)
  })
  return bytes
}
