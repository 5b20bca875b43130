import { statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { TsboxError } from '@tsbox/errors'

/** A filter under construction, libseccomp's own. */
export type FilterContext = { readonly __filter: never }

/** The functions of libseccomp this package calls; an int is 0 or a negative errno unless said otherwise. */
export interface Libseccomp {
  readonly seccomp_init: (action: number) => FilterContext | null
  readonly seccomp_release: (filter: FilterContext) => void
  readonly seccomp_attr_set: (filter: FilterContext, attribute: number, value: number) => number
  readonly seccomp_arch_native: () => number
  readonly seccomp_arch_add: (filter: FilterContext, token: number) => number
  /** @returns 0 for a name this version does not know */
  readonly seccomp_arch_resolve_name: (name: string) => number
  /** @returns −1 for an unknown name, another negative number for a call other architectures have */
  readonly seccomp_syscall_resolve_name: (name: string) => number
  readonly seccomp_syscall_resolve_name_arch: (token: number, name: string) => number
  readonly seccomp_rule_add_array: (
    filter: FilterContext,
    action: number,
    call: number,
    count: number,
    conditions: Buffer,
  ) => number
  readonly seccomp_export_bpf: (filter: FilterContext, fd: number) => number
  /** memfd_create(2) of the C library. */
  readonly memfd_create: (name: string, flags: number) => number
  readonly version: readonly [major: number, minor: number, micro: number]
}

const PROTOTYPES = [
  'void *seccomp_init(uint32_t action)',
  'void seccomp_release(void *filter)',
  'int seccomp_attr_set(void *filter, int attribute, uint32_t value)',
  'uint32_t seccomp_arch_native()',
  'int seccomp_arch_add(void *filter, uint32_t token)',
  'uint32_t seccomp_arch_resolve_name(const char *name)',
  'int seccomp_syscall_resolve_name(const char *name)',
  'int seccomp_syscall_resolve_name_arch(uint32_t token, const char *name)',
  'int seccomp_rule_add_array(void *filter, uint32_t action, int call, unsigned int count, const void *conditions)',
  'int seccomp_export_bpf(void *filter, int fd)',
] as const

const FILE = 'libseccomp.so.2'
/** Where distributions keep it. Other places are left to the dynamic linker. */
const DIRECTORIES = [
  process.arch === 'arm64' ? '/usr/lib/aarch64-linux-gnu' : '/usr/lib/x86_64-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
  '/lib64',
  '/lib',
] as const

/**
 * Which libseccomp will compile filters, told without loading it: its path, size and time of last change. Undefined when
 * it lies where only the dynamic linker finds it, or nowhere.
 */
export const libseccompFile = (): string | undefined => {
  for (const directory of DIRECTORIES) {
    const path = `${directory}/${FILE}`
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat?.isFile()) return `${path} ${stat.size} ${stat.mtimeMs}`
  }
  return undefined
}

let loaded: Libseccomp | undefined

/**
 * Loads libseccomp at the first call and not before.
 *
 * @throws TsboxError ERR_TSBOX_HOST when it is missing or older than 2.4, or koffi is not installed
 */
export const libseccomp = (): Libseccomp => {
  loaded ??= load()
  return loaded
}

/** The version of the libseccomp that compiles filters, such as `2.5.4`. Throws what `libseccomp` throws. */
export const seccompVersion = (): string => libseccomp().version.join('.')

const load = (): Libseccomp => {
  const koffi = requireKoffi()
  const path = libseccompFile()?.split(' ')[0] ?? FILE
  const library = (() => {
    try {
      return koffi.load(path)
    } catch (cause) {
      throw hostError(`${FILE} cannot be loaded`, cause)
    }
  })()
  const names = PROTOTYPES.map(text => /(\w+)\(/.exec(text)?.[1] ?? '')
  const calls = Object.fromEntries(PROTOTYPES.map((text, i) => [names[i], library.func(text)]))
  const memfd = koffi.load(null).func('int memfd_create(const char *name, unsigned int flags)')
  const found = library.func('const uint32_t *seccomp_version()')()
  const [major = 0, minor = 0, micro = 0]: number[] = koffi.decode(found, 'uint32_t', 3)
  if (major !== 2 || minor < 4) throw hostError(`libseccomp ${major}.${minor}.${micro} is too old`)
  return {
    ...(calls as unknown as Omit<Libseccomp, 'memfd_create' | 'version'>),
    memfd_create: memfd as unknown as Libseccomp['memfd_create'],
    version: [major, minor, micro],
  }
}

const requireKoffi = () => {
  try {
    return createRequire(import.meta.url)('koffi') as typeof import('koffi')
  } catch (cause) {
    throw new TsboxError('ERR_TSBOX_HOST', 'koffi, which loads libseccomp, is not installed', {
      hint: 'Install tsbox with its dependencies, or run without a filter: --security-opt seccomp=unconfined.',
      step: 'seccomp',
      cause,
    })
  }
}

const hostError = (what: string, cause?: unknown): TsboxError =>
  new TsboxError('ERR_TSBOX_HOST', `${what}; system call filters need libseccomp 2.4 or newer`, {
    hint: 'On Debian and Ubuntu: apt-get install libseccomp2.',
    step: 'seccomp',
    cause,
  })
