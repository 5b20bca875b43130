import { resolve } from 'node:path'
import { KERNEL, type Op, PROTOCOL } from '@tsbox/protocol'
import { type MountOptions, type OciMount, parseMountOptions } from '@tsbox/spec'
import { cgroupMount } from './cgroup-mount.ts'
import type { ContainerInput } from './input.ts'
import { inUserNamespace, mapText } from './namespaces.ts'
import { listens, propagationFlag } from './propagation.ts'
import { CONTAINER_SLOTS as SLOTS } from './slots.ts'

/** A mount of the configuration with its options read. */
export interface WantedMount {
  readonly mount: OciMount
  readonly options: MountOptions
  /** Its place in the configuration. */
  readonly index: number
}

export const wantedMounts = ({ config }: ContainerInput): readonly WantedMount[] =>
  (config.mounts ?? []).map((mount, index) => ({
    mount,
    index,
    options: parseMountOptions(mount.options ?? [], `mounts[${index}].options`),
  }))

export const isBind = ({ mount, options }: WantedMount): boolean =>
  options.bind !== false || mount.type === 'bind'

const isRecursive = ({ options }: WantedMount): boolean => options.bind === 'rbind'

/**
 * Made on the host's side: where it is to hear of the host's mounts, where owners are mapped, and where init, as root of a user
 * namespace only, could not open the source.
 */
const isOuter = (wanted: WantedMount, input: ContainerInput): boolean =>
  isBind(wanted) &&
  !wanted.options.remount &&
  !input.rootless &&
  (inUserNamespace(input.config.linux) || mapsOwners(wanted) || listens(wanted.options.propagation))

const mapsOwners = ({ mount, options }: WantedMount): boolean =>
  options.idmap !== false || (mount.uidMappings ?? []).length > 0

/** The kernel's own trees stay at hand once they are mounted. */
const TREES: Readonly<Record<string, number>> = { '/proc': SLOTS.proc, '/sys': SLOTS.sys }

const slotOf = (wanted: WantedMount, input: ContainerInput): number =>
  isOuter(wanted, input) ? SLOTS.sources + wanted.index : (TREES[wanted.mount.destination] ?? SLOTS.passing)

/**
 * Where a path of the container is looked up once its mounts are there: in the kernel's own trees from these themselves, because
 * what their names lead to can be moved by whoever shares the root (GHSA-3q8j-pf29-vwv8).
 */
export const placeOf = (
  path: string,
  input: ContainerInput,
): { readonly root: number; readonly path: string } => {
  const tree = wantedMounts(input).findLast(
    ({ mount: { destination }, options }) =>
      !options.remount && TREES[destination] !== undefined && `${path}/`.startsWith(`${destination}/`),
  )
  return tree === undefined
    ? { root: SLOTS.root, path }
    : { root: slotOf(tree, input), path: path.slice(tree.mount.destination.length) || '/' }
}

/** The supervisor's part: sources of mounts that init could not open, or may not map. */
export const sourceOps = (input: ContainerInput): readonly Op[] =>
  wantedMounts(input)
    .filter(wanted => isOuter(wanted, input))
    .flatMap(wanted => {
      const slot = slotOf(wanted, input)
      return [openSource(wanted, slot, input), ...(mapsOwners(wanted) ? ownerOps(wanted, slot, input) : [])]
    })

/** A relative source lies in the bundle (config.md, "Mounts"). */
const openSource = (wanted: WantedMount, slot: number, { bundle }: ContainerInput): Op => ({
  op: 'openTree',
  slot,
  from: PROTOCOL.noSlot,
  path: resolve(bundle, wanted.mount.source ?? ''),
  recursive: isRecursive(wanted) ? 1 : 0,
})

/** Without maps of its own a mount shows its owners through those of the container. */
const ownerOps = (
  { mount, options }: WantedMount,
  slot: number,
  { config }: ContainerInput,
): readonly Op[] => [
  {
    op: 'makeUserNamespace',
    slot: SLOTS.maps,
    users: mapText(mount.uidMappings ?? config.linux.uidMappings ?? []),
    groups: mapText(mount.gidMappings ?? config.linux.gidMappings ?? []),
  },
  { op: 'mapOwners', mount: slot, namespace: SLOTS.maps, recursive: options.idmap === 'ridmap' ? 1 : 0 },
]

/** Every mount of the configuration, in its order. */
export const mountOps = (input: ContainerInput): readonly Op[] =>
  wantedMounts(input).flatMap(wanted => {
    const { mount } = wanted
    if (wanted.options.remount) return remountOps(wanted, input)
    if (isBind(wanted)) return bindOps(wanted, input)
    if (mount.type === 'cgroup' || mount.type === 'cgroup2') return cgroupMount(wanted, input)
    return filesystemOps(wanted, slotOf(wanted, input))
  })

/** Flags of what an earlier entry has mounted there. */
const remountOps = ({ mount, options }: WantedMount, input: ContainerInput): readonly Op[] => [
  {
    op: 'openInside',
    slot: SLOTS.passing,
    ...placeOf(mount.destination, input),
    make: 0,
    nofollow: 0,
  },
  ...attributeOps(options, SLOTS.passing),
]

const bindOps = (wanted: WantedMount, input: ContainerInput): readonly Op[] => {
  const slot = slotOf(wanted, input)
  return [
    ...(isOuter(wanted, input) ? [] : [openSource(wanted, slot, input)]),
    ...attributeOps(isReadOnlySys(wanted) ? allBelow(wanted.options) : wanted.options, slot),
    ...placeOps(wanted, slot, isOuter(wanted, input)),
  ]
}

/**
 * Who cannot have a sysfs of their own binds the host's, and with it the trees of cgroups mounted below, of which a part may have been
 * given to them: read-only means these too (CVE-2023-25809).
 */
const isReadOnlySys = (wanted: WantedMount): boolean =>
  wanted.mount.destination === '/sys' &&
  isRecursive(wanted) &&
  (wanted.options.attributesSet & KERNEL.MOUNT_ATTR_RDONLY) !== 0

const allBelow = (options: MountOptions): MountOptions => ({
  ...options,
  recursiveSet: options.recursiveSet | KERNEL.MOUNT_ATTR_RDONLY,
})

const attributeOps = (options: MountOptions, mount: number): readonly Op[] => [
  ...changes(mount, { set: options.recursiveSet, clear: options.recursiveClear, recursive: 1 }),
  ...changes(mount, { set: options.attributesSet, clear: options.attributesClear, recursive: 0 }),
]

const changes = (
  mount: number,
  { set, clear, recursive }: { set: number; clear: number; recursive: 0 | 1 },
): readonly Op[] =>
  set === 0 && clear === 0
    ? []
    : [{ op: 'setMountAttributes', mount, set: BigInt(set), clear: BigInt(clear), recursive }]

/**
 * A mount goes to its place, which is made when it is missing; then it is said which mount events it hears. The kernel's own
 * trees are never attached through a link (CVE-2019-19921, CVE-2023-27561), and a link leads nothing to where there is a proc.
 */
export const placeOps = (
  { mount, options }: WantedMount,
  slot: number,
  /** It was made beside the host's mounts and still hears them. */
  outer = false,
): readonly Op[] => {
  const { propagation } = options
  const type = propagation?.type ?? (outer ? 'private' : undefined)
  const own = mount.type === 'proc' || mount.type === 'sysfs' || `${mount.destination}/`.startsWith('/proc/')
  return [
    {
      op: 'attach',
      mount: slot,
      root: SLOTS.root,
      target: mount.destination,
      make: 3,
      nofollow: own ? 1 : 0,
    },
    ...(type === undefined
      ? []
      : [
          {
            op: 'setMountPropagation',
            mount: slot,
            propagation: propagationFlag(type),
            recursive: (propagation?.recursive ?? true) ? 1 : 0,
          } as const,
        ]),
  ]
}

/** The kernel's own file systems have one instance behind many mounts: it is the mount that is read-only. */
const IN_MEMORY: ReadonlySet<string> = new Set(['proc', 'sysfs', 'tmpfs', 'devpts', 'mqueue', 'overlay'])

const superFlags = ({ mount, options }: WantedMount): readonly string[] =>
  IN_MEMORY.has(mount.type ?? '')
    ? options.superFlags.filter(flag => flag !== 'ro' && flag !== 'rw')
    : options.superFlags

const filesystemOps = (wanted: WantedMount, slot: number): readonly Op[] => {
  const { mount, options } = wanted
  const source = mount.source === undefined || mount.source === '' ? [] : ['source', mount.source]
  return [
    ...(options.copyUp
      ? [
          {
            op: 'openInside',
            slot: SLOTS.under,
            root: SLOTS.root,
            path: mount.destination,
            make: 1,
            nofollow: 0,
          } as const,
        ]
      : []),
    {
      op: 'fsMount',
      slot,
      type: mount.type ?? '',
      options: [
        ...source,
        ...options.data.flatMap(([key, value = '']) => [key, value]),
        ...superFlags(wanted).flatMap(flag => [flag, '']),
      ],
      attributes: options.attributesSet,
    },
    // Filled while it can be written.
    ...(options.copyUp ? [{ op: 'copyUp', from: SLOTS.under, to: slot } as const] : []),
    ...placeOps(wanted, slot),
  ]
}
