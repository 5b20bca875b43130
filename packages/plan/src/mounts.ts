import type { GroupDir } from '@tsbox/cgroups'
import { KERNEL, type Op, PROTOCOL } from '@tsbox/protocol'
import type { Box, Tmpfs, Volume } from '@tsbox/spec'
import { groupViews } from './group.ts'
import type { Host } from './host.ts'
import { SLOTS } from './slots.ts'

const {
  MOUNT_ATTR_NODEV: NODEV,
  MOUNT_ATTR_NOEXEC: NOEXEC,
  MOUNT_ATTR_NOSUID: NOSUID,
  MOUNT_ATTR_RDONLY: RDONLY,
} = KERNEL

/** Files of the kernel that tell of the host, or let a box reach its hardware. */
export const MASKED_PATHS = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
] as const

/** Files of the kernel that change the host when they are written. */
export const READ_ONLY_PATHS = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
] as const

/**
 * Every mount below the root, in order: later ones may lie inside earlier ones. The kernel's trees come after what the
 * user asked for, so that no link in the root leads a volume into them (CVE-2019-19921); what is done inside them is
 * done through their own descriptors, because by now their names in the root may lead elsewhere.
 */
export const planMounts = (box: Box, host: Host, dirs: readonly GroupDir[]): readonly Op[] => [
  ...deviceTree(box),
  ...userMounts(box, host),
  ...kernelTrees(box),
  ...groupViews(dirs, !box.privileged),
  ...Object.entries(box.sysctls).map(
    ([file, value]): Op => ({ op: 'writeAt', dir: SLOTS.proc, file: `sys/${file}`, data: value }),
  ),
  ...(box.privileged ? [] : hidden()),
]

const fs = (slot: number, type: string, options: readonly string[], attributes: number): Op => ({
  op: 'fsMount',
  slot,
  type,
  options,
  attributes,
})

/** A symbolic link where one of the kernel's own trees belongs is an attack (CVE-2019-19921): never followed. */
const attachOwn = (mount: number, target: string): Op => ({
  op: 'attach',
  mount,
  root: SLOTS.root,
  target,
  make: 1,
  nofollow: 1,
})

const kernelTrees = (box: Box): Op[] => [
  fs(SLOTS.proc, 'proc', [], NOSUID | NODEV | NOEXEC),
  attachOwn(SLOTS.proc, '/proc'),
  fs(SLOTS.sys, 'sysfs', [], NOSUID | NODEV | NOEXEC | (box.privileged ? 0 : RDONLY)),
  attachOwn(SLOTS.sys, '/sys'),
]

const DEVICES = [
  ['null', 1, 3],
  ['zero', 1, 5],
  ['full', 1, 7],
  ['random', 1, 8],
  ['urandom', 1, 9],
  ['tty', 5, 0],
] as const

const LINKS = [
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
  ['ptmx', 'pts/ptmx'],
] as const

/** /dev is put together before it is attached, so nothing of the root is ever looked up in it. */
const deviceTree = (box: Box): Op[] => {
  const dev = SLOTS.dev
  return [
    fs(dev, 'tmpfs', ['mode', '755', 'size', '64k', 'nr_inodes', '1024'], NOSUID),
    ...DEVICES.map(
      ([path, major, minor]): Op => ({
        op: 'makeNode',
        root: dev,
        path,
        mode: KERNEL.S_IFCHR | 0o666,
        major,
        minor,
        uid: 0,
        gid: 0,
      }),
    ),
    ...LINKS.map(([path, target]): Op => ({ op: 'makeLink', root: dev, path, target })),
    ...['pts', 'shm', 'mqueue'].map((path): Op => ({ op: 'makeDir', root: dev, path, mode: 0o755 })),
    ...(box.terminal ? [{ op: 'makeFile', root: dev, path: 'console', mode: 0o600, data: '' } as const] : []),
    attachOwn(dev, '/dev'),
    fs(
      SLOTS.pts,
      'devpts',
      ['newinstance', '', 'ptmxmode', '0666', 'mode', '0620', 'gid', '5'],
      NOSUID | NOEXEC,
    ),
    inDev(SLOTS.pts, 'pts'),
    fs(SLOTS.passing, 'tmpfs', ['mode', '1777', 'size', '64m'], NOSUID | NODEV | NOEXEC),
    inDev(SLOTS.passing, 'shm'),
    fs(SLOTS.passing, 'mqueue', [], NOSUID | NODEV | NOEXEC),
    inDev(SLOTS.passing, 'mqueue'),
  ]
}

const inDev = (mount: number, target: string): Op => ({
  op: 'attach',
  mount,
  root: SLOTS.dev,
  target,
  make: 0,
  nofollow: 1,
})

/** Outer ones first, whatever order they were given in, so that none hides another that was asked for. */
const userMounts = (box: Box, host: Host): Op[] =>
  [
    ...box.tmpfs.map(given => ({ target: given.target, ops: tmpfs(given) })),
    ...box.volumes.map(given => ({ target: given.target, ops: bind(given, host, box.privileged) })),
  ]
    .toSorted((a, b) => a.target.split('/').length - b.target.split('/').length)
    .flatMap(({ ops }) => ops)

const tmpfs = ({ target, size, mode }: Tmpfs): Op[] => [
  fs(SLOTS.passing, 'tmpfs', ['mode', mode.toString(8), 'size', String(size)], NOSUID | NODEV),
  { op: 'attach', mount: SLOTS.passing, root: SLOTS.root, target, make: 1, nofollow: 0 },
]

const bind = ({ source, target, readOnly }: Volume, host: Host, devices: boolean): Op[] => [
  { op: 'openTree', slot: SLOTS.passing, from: PROTOCOL.noSlot, path: source, recursive: 1 },
  {
    op: 'setMountAttributes',
    mount: SLOTS.passing,
    set: BigInt((readOnly ? RDONLY : 0) | (devices ? 0 : NODEV)),
    clear: 0n,
    recursive: 1,
  },
  {
    op: 'attach',
    mount: SLOTS.passing,
    root: SLOTS.root,
    target,
    make: host.directories.has(source) ? 1 : 2,
    nofollow: 0,
  },
]

const hidden = (): Op[] => [
  ...MASKED_PATHS.map((path): Op => ({ op: 'mask', ...inTree(path), dev: SLOTS.dev })),
  ...READ_ONLY_PATHS.map((path): Op => ({ op: 'protect', ...inTree(path) })),
]

const inTree = (path: string) => {
  const [, tree, inside = ''] = /^\/(proc|sys)(\/.*)$/.exec(path) ?? []
  return { root: tree === 'proc' ? SLOTS.proc : SLOTS.sys, path: inside }
}
