import { KERNEL, type Op, PROTOCOL } from '@tsbox/protocol'
import type { OciDevice } from '@tsbox/spec'
import type { ContainerInput } from './input.ts'
import { isBind, wantedMounts } from './mounts.ts'
import { inUserNamespace } from './namespaces.ts'
import { CONTAINER_SLOTS as SLOTS } from './slots.ts'

/** Every container has these (runtime-spec, config-linux.md, "Default Devices"). */
const DEFAULTS: readonly OciDevice[] = (
  [
    ['null', 1, 3],
    ['zero', 1, 5],
    ['full', 1, 7],
    ['random', 1, 8],
    ['urandom', 1, 9],
    ['tty', 5, 0],
  ] as const
).map(([name, major, minor]) => ({ path: `/dev/${name}`, type: 'c', major, minor, fileMode: 0o666 }))

const LINKS = [
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
  ['ptmx', 'pts/ptmx'],
] as const

/** A /dev of the host's that was bound into the container is nothing to make nodes in. */
const bringsItsOwn = (input: ContainerInput): boolean =>
  wantedMounts(input).some(wanted => wanted.mount.destination === '/dev' && isBind(wanted))

/** Devices and links, made where the mounts of the configuration have put /dev; never through a link (CVE-2026-41579). */
export const deviceOps = (input: ContainerInput): readonly Op[] => {
  const given = input.config.linux.devices ?? []
  const open: Op = { op: 'openInside', slot: SLOTS.dev, root: SLOTS.root, path: '/dev', make: 1, nofollow: 1 }
  if (bringsItsOwn(input)) return [open]
  const named = new Set(given.map(({ path }) => path))
  const devices = [...DEFAULTS.filter(({ path }) => !named.has(path)), ...given]
  const make = input.rootless || inUserNamespace(input.config.linux) ? bindNode : makeNode
  return [
    open,
    ...devices.flatMap(make),
    ...LINKS.map(([path, target]): Op => ({ op: 'makeLink', root: SLOTS.dev, path, target })),
  ]
}

const TYPE: Readonly<Record<string, number>> = {
  c: KERNEL.S_IFCHR,
  u: KERNEL.S_IFCHR,
  b: KERNEL.S_IFBLK,
  p: KERNEL.S_IFIFO,
}

/** Below /dev a path is looked up from the directory that was opened without following links. */
const placeOf = (path: string) =>
  path.startsWith('/dev/')
    ? { root: SLOTS.dev, path: path.slice('/dev/'.length) }
    : { root: SLOTS.root, path }

const makeNode = ({ path, type, major = 0, minor = 0, fileMode, uid, gid }: OciDevice): readonly Op[] => [
  {
    op: 'makeNode',
    ...placeOf(path),
    mode: (TYPE[type] ?? KERNEL.S_IFCHR) | (fileMode ?? 0o666),
    major: Number(major),
    minor: Number(minor),
    uid: uid ?? 0,
    gid: gid ?? 0,
  },
]

/** In a user namespace nobody can make a node: the host's own is shown there. */
const bindNode = ({ path }: OciDevice): readonly Op[] => {
  const place = placeOf(path)
  return [
    { op: 'openTree', slot: SLOTS.passing, from: PROTOCOL.noSlot, path, recursive: 0 },
    { op: 'attach', mount: SLOTS.passing, root: place.root, target: place.path, make: 2, nofollow: 0 },
  ]
}
