import { KERNEL, type Op, PROTOCOL, RLIM_INFINITY } from '@tsbox/protocol'
import { type Box, capabilityMask, RLIMITS, type Rlimit } from '@tsbox/spec'
import type { Filter } from './container/input.ts'
import type { Host } from './host.ts'
import { searchPaths } from './search-paths.ts'
import { SLOTS } from './slots.ts'

/**
 * From the finished root to the running program. The order is the argument: descriptors are closed before any path
 * of the box's choice is entered, limits come when nothing more is opened, the bounding set goes while there is still
 * the right to drop it, the user changes before the capabilities do, and no_new_privs comes last.
 */
export const planProcess = (box: Box, host: Host, filter?: Filter): readonly Op[] => [
  ...(box.init ? [{ op: 'init' } as const] : []),
  { op: 'newSession', keyring: '' },
  ...(box.terminal ? terminal(box) : []),
  { op: 'pivotRoot', root: SLOTS.root },
  { op: 'closeFds', preserve: 0, keep: [] },
  ...limits(box, host).map(rlimit),
  { op: 'changeDir', path: box.cwd },
  { op: 'setUmask', mask: box.umask },
  { op: 'boundCaps', keep: capabilities(box, host) },
  { op: 'setIds', ...box.user, setGroups: 1 },
  // Inheritable and ambient stay empty: a program of another user must not find rights to inherit (CVE-2022-24769).
  setCaps(capabilities(box, host), filter !== undefined && !box.noNewPrivs),
  ...(box.noNewPrivs ? [{ op: 'noNewPrivs' } as const] : []),
  ...(filter === undefined ? [] : [{ op: 'seccomp', flags: filter.flags, program: filter.program } as const]),
  {
    op: 'exec',
    paths: searchPaths(box.args[0], box.env.PATH),
    argv: box.args,
    env: Object.entries(box.env).map(([k, v]) => `${k}=${v}`),
  },
]

/** Only CAP_SYS_ADMIN, or no_new_privs, lets a process put a filter on; execve(2) works out the program's rights anew. */
const setCaps = (mask: bigint, forFilter: boolean): Op => ({
  op: 'setCaps',
  permitted: mask | (forFilter ? SYS_ADMIN : 0n),
  effective: mask | (forFilter ? SYS_ADMIN : 0n),
  inheritable: 0n,
  ambient: 0n,
})

const SYS_ADMIN = capabilityMask(['SYS_ADMIN'])

/** "All" means all the caller has: asking for more than that is an error only when it was named. */
const capabilities = (box: Box, host: Host): bigint => {
  const mask = capabilityMask(box.capabilities)
  return box.allCapabilities ? mask & host.capabilities : mask
}

/** No core dump reaches the host's handler, and the descriptor limit is the user's own, not the one Node raised. */
const limits = (box: Box, host: Host): readonly Rlimit[] => {
  const named = new Set(box.rlimits.map(({ name }) => name))
  const defaults: Rlimit[] = [
    { name: 'core', soft: 0, hard: 0 },
    { name: 'nofile', ...host.nofile },
  ]
  return [...defaults.filter(({ name }) => !named.has(name)), ...box.rlimits]
}

const rlimit = ({ name, soft, hard }: Rlimit): Op => ({
  op: 'setRlimit',
  resource: RLIMITS.indexOf(name),
  soft: soft === 'unlimited' ? RLIM_INFINITY : BigInt(soft),
  hard: hard === 'unlimited' ? RLIM_INFINITY : BigInt(hard),
})

const terminal = (box: Box): Op[] => [
  {
    op: 'openTerminal',
    pts: SLOTS.pts,
    uid: box.user.uid,
    to: PROTOCOL.noSlot,
    console: SLOTS.passing,
    rows: 0,
    columns: 0,
  },
  {
    op: 'setMountAttributes',
    mount: SLOTS.passing,
    set: BigInt(KERNEL.MOUNT_ATTR_NOSUID | KERNEL.MOUNT_ATTR_NOEXEC),
    clear: 0n,
    recursive: 0,
  },
  { op: 'attach', mount: SLOTS.passing, root: SLOTS.dev, target: 'console', make: 0, nofollow: 1 },
]
