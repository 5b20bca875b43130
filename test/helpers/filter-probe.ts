import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PROGRAM = join(import.meta.dirname, '..', '..', 'build', 'test', 'filter_probe')

/** The static program that asks the kernel what a filter answers; `make build-tests` makes it. */
export const filterProbe = (): string => {
  if (existsSync(PROGRAM)) return PROGRAM
  throw new Error('build/test/filter_probe is missing: run `make build-tests`')
}

/** How a program makes a system call: the machine's own way, or on x86-64 one of its two others. */
export type Abi = 'x86_64' | 'i386' | 'x32' | 'aarch64'

export const NATIVE_ABI: Abi = process.arch === 'arm64' ? 'aarch64' : 'x86_64'

/** A raw system call; an argument of bytes is passed as the address of memory that holds them. */
export interface Probe {
  readonly abi?: Abi
  readonly nr: number
  readonly args?: readonly (bigint | number | Buffer)[]
}

export interface ProbeOptions {
  /** SECCOMP_FILTER_FLAG_* */
  readonly flags?: number
  /** Gives up all capabilities first. */
  readonly noCapabilities?: boolean
}

/** A probe as filter_probe takes it on its command line. */
export const probeWord = ({ abi = NATIVE_ABI, nr, args = [] }: Probe): string => {
  const words = args.map(arg =>
    Buffer.isBuffer(arg) ? `@${arg.toString('hex')}` : BigInt.asUintN(64, BigInt(arg)).toString(),
  )
  return [abi, nr >>> 0, ...(words.length > 0 ? [words.join(',')] : [])].join(':')
}

/**
 * What the kernel answers to each call under a filter, or without one: 'ok', 'errno=N', 'signal=N', 'trap=N' (SIGSYS
 * with that si_errno), 'thread' (only the thread was killed).
 */
export const answers = (
  program: Buffer | undefined,
  probes: readonly Probe[],
  { flags = 0, noCapabilities = false }: ProbeOptions = {},
): readonly string[] => {
  const dir = mkdtempSync(join(tmpdir(), 'filter-'))
  try {
    const file = join(dir, 'filter')
    if (program !== undefined) writeFileSync(file, program)
    const options = [
      ...(program === undefined ? [] : ['-f', file]),
      ...['-F', String(flags)],
      ...(noCapabilities ? ['-c'] : []),
    ]
    return execFileSync(filterProbe(), [...options, ...probes.map(probeWord)], { encoding: 'utf8' })
      .trimEnd()
      .split('\n')
  } finally {
    rmSync(dir, { recursive: true })
  }
}

/** Whether this kernel, on this processor, runs calls of an ABI at all: getpid is asked for. */
export const runsAbi = (abi: Abi): boolean =>
  answers(undefined, [{ abi, nr: { x86_64: 39, x32: 39, i386: 20, aarch64: 172 }[abi] }])[0] === 'ok'

/** The first filter of a running process, as the kernel has it. */
export const filterOf = (pid: number): Buffer => {
  const dir = mkdtempSync(join(tmpdir(), 'filter-'))
  try {
    execFileSync(filterProbe(), ['dump', String(pid), join(dir, 'filter')])
    return readFileSync(join(dir, 'filter'))
  } finally {
    rmSync(dir, { recursive: true })
  }
}
