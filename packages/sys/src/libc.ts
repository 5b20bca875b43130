import { createRequire } from 'node:module'

/**
 * The C functions this package calls, one line each. None of them changes the state of a single thread (unshare, setns,
 * set*id) or forks: in a program with several threads, as Node is, those belong in the shim.
 */
const PROTOTYPES = {
  /** flock(2): acts on an open file, whichever thread asks. */
  flock: 'int flock(int fd, int operation)',
  /** syscall(2) with arguments that are all numbers; used to ask whether a call exists. */
  syscall: 'long syscall(long number, long a, long b, long c, long d, long e)',
} as const

type Name = keyof typeof PROTOTYPES
type Callable = (...args: readonly number[]) => number

interface Libc {
  readonly call: Readonly<Record<Name, Callable>>
  readonly errno: () => number
}

let loaded: Libc | undefined

/** Loading koffi costs about ten milliseconds, so it happens at the first call and not before. */
export const libc = (): Libc => {
  if (loaded !== undefined) return loaded
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
  const library = koffi.load(null)
  const call = Object.fromEntries(
    Object.entries(PROTOTYPES).map(([name, text]) => [name, library.func(text)]),
  )
  loaded = { call: call as unknown as Record<Name, Callable>, errno: () => koffi.errno() }
  return loaded
}
