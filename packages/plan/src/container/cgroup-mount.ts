import { KERNEL, type Op, PROTOCOL } from '@tsbox/protocol'
import type { ContainerInput } from './input.ts'
import type { WantedMount } from './mounts.ts'
import { CONTAINER_SLOTS as SLOTS } from './slots.ts'

const SAFE = KERNEL.MOUNT_ATTR_NOSUID | KERNEL.MOUNT_ATTR_NODEV | KERNEL.MOUNT_ATTR_NOEXEC

/**
 * The container's own group where the configuration wants its cgroups: on cgroup v2 the group itself, else a directory for
 * each hierarchy, as a host has them (runtime-spec, config-linux.md, "Default Filesystems"; the type `cgroup` means either).
 */
export const cgroupMount = ({ mount, options }: WantedMount, { group }: ContainerInput): readonly Op[] => {
  const attributes = SAFE | options.attributesSet
  const dirs = group?.dirs ?? []
  const [only] = dirs
  if (dirs.length === 1 && only?.version === 2) return view(only.path, mount.destination, attributes)
  const place = (mountPoint: string) =>
    `${mount.destination}/${mountPoint.slice(mountPoint.lastIndexOf('/') + 1)}`
  return [
    {
      op: 'fsMount',
      slot: SLOTS.passing,
      type: 'tmpfs',
      options: ['source', 'tmpfs', 'mode', '755', 'size', '64k'],
      attributes: SAFE,
    },
    { op: 'attach', mount: SLOTS.passing, root: SLOTS.root, target: mount.destination, make: 1, nofollow: 0 },
    { op: 'openInside', slot: SLOTS.under, root: SLOTS.root, path: mount.destination, make: 0, nofollow: 0 },
    ...dirs.flatMap(dir => [
      ...view(dir.path, place(dir.mount), attributes),
      ...shortNames(dir.mount).map(
        ([name, target]): Op => ({ op: 'makeLink', root: SLOTS.under, path: name, target }),
      ),
    ]),
    ...(attributes & KERNEL.MOUNT_ATTR_RDONLY
      ? [
          {
            op: 'setMountAttributes',
            mount: SLOTS.under,
            set: BigInt(KERNEL.MOUNT_ATTR_RDONLY),
            clear: 0n,
            recursive: 0,
          } as const,
        ]
      : []),
  ]
}

/** Controllers that are mounted together can be found by each of their names: `cpu` leads to `cpu,cpuacct`. */
const shortNames = (mountPoint: string): readonly (readonly [string, string])[] => {
  const name = mountPoint.slice(mountPoint.lastIndexOf('/') + 1)
  return name.includes(',') ? name.split(',').map(part => [part, name] as const) : []
}

const view = (path: string, target: string, attributes: number): readonly Op[] => [
  { op: 'openTree', slot: SLOTS.passing, from: PROTOCOL.noSlot, path, recursive: 0 },
  { op: 'setMountAttributes', mount: SLOTS.passing, set: BigInt(attributes), clear: 0n, recursive: 0 },
  { op: 'attach', mount: SLOTS.passing, root: SLOTS.root, target, make: 1, nofollow: 0 },
]
