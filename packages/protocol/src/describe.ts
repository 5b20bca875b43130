import { PROTOCOL } from './limits.ts'
import { type Kind, OPS, type Op, type OpRow, type Plan } from './ops.ts'

/** One operation as a line of text: `setHostname name="container"`. Bytes of control files are shown as text. */
export const describeOp = (op: Op): string => {
  const row: OpRow = OPS[op.op]
  const values = op as unknown as Readonly<Record<string, unknown>>
  const fields = row.fields
    .filter(([name, kind]) => !isUnset(values[name], kind))
    .map(([name, kind]) => `${name}=${BASE[name]?.(values[name] as number) ?? show(values[name], kind)}`)
  return [op.op, ...fields].join(' ')
}

/** Fields that people read in another base. */
const BASE: Readonly<Record<string, (value: number | bigint) => string>> = {
  mode: value => `0${value.toString(8)}`,
  mask: value => `0${value.toString(8)}`,
  flags: value => `0x${value.toString(16)}`,
  attributes: value => `0x${value.toString(16)}`,
}

/** A whole plan as text, with each operation's index; this is what `--dry-run` prints. */
export const describePlan = (plan: Plan): string => {
  let index = 0
  const chapter = (title: string, ops: readonly Op[]) =>
    [title, ...ops.map(op => `${String(index++).padStart(4)}  ${describeOp(op)}`)].join('\n')
  return [
    chapter('outer: the supervisor, on the host', plan.outer),
    chapter("inner: the box's init, in its namespaces", plan.inner),
    chapter('teardown: the supervisor, after the last exit', plan.teardown),
  ].join('\n\n')
}

const isUnset = (value: unknown, kind: Kind): boolean =>
  value === null || (kind === 'slot' && value === PROTOCOL.noSlot)

const show = (value: unknown, kind: Kind): string => {
  switch (kind) {
    case 'slot':
      return `#${value}`
    case 'u64':
      return `0x${(value as bigint).toString(16)}`
    case 'u32':
      return String(value)
    case 'u32s':
      return `[${(value as readonly number[]).join(', ')}]`
    case 'strs':
      return `[${(value as readonly (string | Uint8Array)[]).map(quote).join(', ')}]`
    case 'bytes':
      return isText(value as string | Uint8Array)
        ? quote(value as string | Uint8Array)
        : `<${Buffer.byteLength(value as string | Uint8Array)} bytes>`
    default:
      return quote(value as string | Uint8Array)
  }
}

const isText = (value: string | Uint8Array): boolean =>
  typeof value === 'string' ? !value.includes('\0') : !value.includes(0)

/** JSON quoting shows every control character; that also keeps a terminal safe from what a name holds. */
const quote = (value: string | Uint8Array): string => {
  const text = typeof value === 'string' ? value : Buffer.from(value).toString('latin1')
  const quoted = JSON.stringify(text).replace(
    /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    escapeUnit,
  )
  return quoted.length > 240 ? `${quoted.slice(0, 200)}…" (${text.length} characters)` : quoted
}

const escapeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
