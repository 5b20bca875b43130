import { TsboxError } from '@tsbox/errors'

/** What Node puts on its own system errors. */
export const errnoOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

/** A kernel file or directory of a group, and what was wanted from it. */
export interface FileAttempt {
  readonly action: 'write' | 'read' | 'make' | 'remove' | 'list'
  readonly path: string
  readonly value?: string | undefined
  /** The limit or method this was for. */
  readonly step?: string | undefined
}

const joining = (path: string): boolean => path.endsWith('/cgroup.procs')
const enabling = (path: string): boolean => path.endsWith('/cgroup.subtree_control')

const NOT_ALLOWED = 'run as root, or have this part of the cgroup tree delegated to your user'

/** By errno, what is most likely meant. Kernel Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/. */
const HINTS: Readonly<Record<string, (attempt: FileAttempt) => string>> = {
  EACCES: ({ action }) =>
    action === 'write'
      ? `${NOT_ALLOWED}; for a cpuset, ask for no more than the group above has`
      : NOT_ALLOWED,
  EPERM: () => NOT_ALLOWED,
  EROFS: () =>
    'cgroups are mounted read-only here, as in most containers: run outside, or mount them writable',
  ENOENT: () => 'the group is gone: something else removed it',
  ENODEV: ({ path }) =>
    /\/(?:io|blkio)\./.test(path)
      ? 'there is no such block device: name whole devices as lsblk shows them'
      : 'the group is gone: something else removed it',
  EINVAL: ({ value, path }) =>
    path.endsWith('/memory.limit_in_bytes')
      ? 'v1 does not let memory.max exceed memory and swap together: raise memory.swap in the same call'
      : `the kernel refuses ${JSON.stringify(value ?? '')} here; compare it with the limits of the groups above`,
  ERANGE: () => 'the value is outside what this kernel accepts',
  EBUSY: ({ action, path }) => {
    if (action === 'remove') return 'processes are still inside: kill() the group first'
    if (joining(path))
      return 'on v2 a group that passes controllers down cannot hold processes itself: use one below it'
    if (enabling(path))
      return 'on v2 a group with processes cannot pass controllers down: move them into a group of their own'
    return 'more is in use than this allows, and the kernel cannot take it back'
  },
  EEXIST: () => 'use Cgroup.open(), or choose another name',
  ESRCH: () => 'the process has ended',
  ENOSPC: ({ path }) =>
    joining(path)
      ? 'the cpuset has no processors or no memory nodes: set both'
      : 'the kernel has no room for another group',
  EAGAIN: () => 'cgroup.max.descendants or cgroup.max.depth of a group above is reached',
  EOPNOTSUPP: () => 'the group is part of a threaded subtree, which takes no whole processes',
}

/** What to try when the kernel refuses an operation on a group's file; `errno` is its name, such as 'EBUSY'. */
export const hintFor = (errno: string | undefined, attempt: FileAttempt): string | undefined =>
  errno === undefined ? undefined : HINTS[errno]?.(attempt)

/** ERR_TSBOX_CGROUP for a refused operation, with the system error as its cause. */
export const fileError = (cause: unknown, attempt: FileAttempt): TsboxError => {
  const errno = errnoOf(cause)
  const value = attempt.value === undefined ? '' : ` ${JSON.stringify(attempt.value)} to`
  return new TsboxError(
    'ERR_TSBOX_CGROUP',
    `cannot ${attempt.action}${value} ${attempt.path}${errno === undefined ? '' : ` (${errno})`}`,
    { hint: hintFor(errno, attempt), step: attempt.step ?? attempt.path, cause },
  )
}
