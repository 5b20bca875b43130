import { HOST_OPS } from './ops/host.ts'
import { MOUNT_OPS } from './ops/mount.ts'
import { PROCESS_OPS } from './ops/process.ts'
import type { Kind } from './ops/row.ts'

export type { Kind, OpRow } from './ops/row.ts'

/**
 * The one table of operations: what a plan can ask of the shim.
 *
 * From it come the TypeScript types (by inference), the encoder, the C rows (`make gen`), the description that
 * `--dry-run` prints and the table in docs/operations.md. Numbers are append-only: a retired number is never
 * given to another operation. Field order is wire order.
 *
 * Chapters: `O` outer (the supervisor, host side), `I` inner (the box's init), `T` teardown (host side again).
 */
export const OPS = { ...HOST_OPS, ...MOUNT_OPS, ...PROCESS_OPS } as const

export type OpName = keyof typeof OPS

type Value<K extends Kind> = K extends 'u32' | 'slot'
  ? number
  : K extends 'u64'
    ? bigint
    : K extends 'str'
      ? string | Uint8Array
      : K extends 'str?'
        ? string | Uint8Array | null
        : K extends 'strs'
          ? readonly (string | Uint8Array)[]
          : K extends 'bytes'
            ? string | Uint8Array
            : readonly number[]

type Fields<F extends readonly (readonly [string, Kind])[]> = {
  readonly [E in F[number] as E[0]]: Value<E[1]>
}

/** One operation: `{ op: 'setHostname', name: 'container' }`. */
export type Op = { [N in OpName]: { readonly op: N } & Fields<(typeof OPS)[N]['fields']> }[OpName]

export type OpOf<N extends OpName> = Extract<Op, { op: N }>

/** The three chapters of a plan, each an ordered list. */
export interface Plan {
  readonly outer: readonly Op[]
  readonly inner: readonly Op[]
  readonly teardown: readonly Op[]
}

/** Every operation of a plan in wire order: an error's index counts in this list. */
export const allOps = (plan: Plan): readonly Op[] => [...plan.outer, ...plan.inner, ...plan.teardown]
