/** Which slot of the shim holds what, so that chapters written apart agree. */
export const SLOTS = {
  /** The run directory, locked. */
  claim: 0,
  /** A directory of the host that a mount is attached to. */
  place: 1,
  /** The throw-away tmpfs that roots are put together in. */
  stage: 2,
  /** The box's root. */
  root: 3,
  dev: 4,
  proc: 5,
  sys: 6,
  pts: 7,
  /** A mount on its way to its place. */
  passing: 8,
  /** /sys/fs/cgroup, where it holds several hierarchies. */
  cgroups: 9,
  /** The group's directories, in the order of its layout. */
  group: 16,
  /** The overlays of the host's userland, a tree each. */
  trees: 32,
  /** A kept upper layer and the directory it lies in. */
  upper: 48,
  upperParent: 49,
  work: 50,
  upperLock: 51,
  /** Lower layers, lowest first. */
  layers: 64,
} as const
