import { SLOTS } from '../slots.ts'

/** What the slots hold for a container; those of a box that mean the same have the same numbers. */
export const CONTAINER_SLOTS = {
  /** The state directory, locked. */
  state: SLOTS.claim,
  place: SLOTS.place,
  root: SLOTS.root,
  dev: SLOTS.dev,
  proc: SLOTS.proc,
  sys: SLOTS.sys,
  pts: SLOTS.pts,
  passing: SLOTS.passing,
  /** The socket on which init waits to be started; above the descriptors that a caller preserves, which arrive from 3 on. */
  gate: 511,
  /** What a process that joins needs for its terminal after it has let go of everything else; as high, for the same reason. */
  keptPts: 509,
  keptConsole: 510,
  /** The socket that is handed the terminal. */
  console: 11,
  /** The init of a running container. */
  process: 12,
  /** The host's /dev. */
  hostDev: 13,
  /** Below a new mount: what it is filled from. */
  under: 14,
  /** A process's own directory in /proc. */
  self: 15,
  group: SLOTS.group,
  /** Namespaces that exist already, in the order of NAMESPACE_TYPES. */
  namespaces: 48,
  /** User namespaces whose maps a mount shows. */
  maps: 64,
  /** A /proc for kernel parameters alone. */
  parameters: 65,
  /** Mounts that were made on the host's side, in the order of the configuration. */
  sources: 128,
} as const

/** The last slot a source may have: those from PROTOCOL.preservedSlot on are the caller's descriptors. */
export const MOST_SOURCES = 380
