/** Machines tsbox runs on, in the words of `process.arch`. */
export type Machine = 'x64' | 'arm64'

/** Their own architecture as a configuration names it. */
export const OCI_ARCHITECTURES = { x64: 'SCMP_ARCH_X86_64', arm64: 'SCMP_ARCH_AARCH64' } as const

const NAMES =
  /^SCMP_ARCH_(X86|X86_64|X32|ARM|AARCH64|LOONGARCH64|M68K|MIPS|MIPS64|MIPS64N32|MIPSEL|MIPSEL64|MIPSEL64N32|PPC|PPC64|PPC64LE|S390|S390X|SH|SHEB|PARISC|PARISC64|RISCV64)$/

/** libseccomp's word for an architecture of a configuration, such as `x86_64`; undefined when there is none. */
export const libseccompArchitecture = (name: string): string | undefined =>
  NAMES.exec(name)?.[1]?.toLowerCase()
