import type { Limits } from '@tsbox/cgroups'
import * as v from 'valibot'
import type { OciSeccomp } from './oci/seccomp.ts'

const text = v.pipe(
  v.string(),
  v.check(value => !value.includes('\0'), 'has a NUL byte in it'),
)
const id = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0x7fff_ffff))
const mode = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0o7777))
const amount = v.union([v.string(), v.number()])
const path = v.pipe(text, v.startsWith('/', 'is not an absolute path'))

/** Own keys, whatever they are called: an environment may well hold a `constructor`, and v.record drops that. */
const record = v.custom<Readonly<Record<string, string>>>(
  value =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.entries(value)
      .flat()
      .every(part => typeof part === 'string' && !part.includes('\0')),
  'is not an object of texts without NUL bytes',
)

/**
 * A box as its user states it. Everything but `args` has a default; see `parseBox`.
 *
 * Paths are absolute, `timeout` and `stopTimeout` are milliseconds or text such as '5s', sizes bytes or text such
 * as '64Mi'.
 */
export const BoxInputSchema = v.strictObject({
  args: v.pipe(v.array(text), v.minLength(1, 'there is no program to run')),
  name: v.optional(text),
  hostname: v.optional(text),
  root: v.optional(
    v.variant('kind', [
      v.strictObject({ kind: v.literal('system') }),
      v.strictObject({ kind: v.literal('host') }),
      v.strictObject({ kind: v.literal('directory'), path }),
      v.strictObject({
        kind: v.literal('layers'),
        layers: v.pipe(
          v.array(path),
          v.minLength(1),
          v.maxLength(500, 'overlayfs takes at most 500 layers: merge some into one directory'),
        ),
        upper: v.optional(path),
      }),
    ]),
  ),
  readOnly: v.optional(v.boolean()),
  cwd: v.optional(text),
  env: v.optional(record),
  user: v.optional(v.strictObject({ uid: id, gid: v.optional(id), groups: v.optional(v.array(id)) })),
  umask: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0o777))),
  volumes: v.optional(
    v.array(v.strictObject({ source: text, target: text, readOnly: v.optional(v.boolean()) })),
  ),
  tmpfs: v.optional(
    v.array(v.strictObject({ target: text, size: v.optional(amount), mode: v.optional(mode) })),
  ),
  network: v.optional(v.picklist(['none', 'host'])),
  limits: v.optional(v.custom<Limits>(value => typeof value === 'object' && value !== null)),
  cgroupParent: v.optional(v.pipe(text, v.minLength(1, 'is empty: write / for the top of the tree'))),
  rlimits: v.optional(v.array(text)),
  capAdd: v.optional(v.array(text)),
  capDrop: v.optional(v.array(text)),
  privileged: v.optional(v.boolean()),
  noNewPrivs: v.optional(v.boolean()),
  seccomp: v.optional(
    v.union(
      [
        v.picklist(['default', 'unconfined']),
        v.custom<OciSeccomp>(value => typeof value === 'object' && value !== null),
      ],
      'is neither default, unconfined nor a profile',
    ),
  ),
  sysctls: v.optional(record),
  timeout: v.optional(amount),
  stopSignal: v.optional(amount),
  stopTimeout: v.optional(amount),
  init: v.optional(v.boolean()),
  terminal: v.optional(v.boolean()),
})

export type BoxInput = v.InferInput<typeof BoxInputSchema>
