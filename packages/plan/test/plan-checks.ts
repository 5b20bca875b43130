import { encode, OPS, type Op, type OpName, type Plan, PROTOCOL } from '@tsbox/protocol'

type Row = { readonly chapters: string; readonly fields: readonly (readonly [string, string])[] }

const CHAPTERS = [
  ['outer', 'O'],
  ['inner', 'I'],
  ['teardown', 'T'],
] as const

/** Slots an operation takes something from: fields that are not called `slot`, and paths of slots in mount options. */
const usesOf = (op: Op): number[] => {
  const values = op as unknown as Readonly<Record<string, unknown>>
  const fields = (OPS[op.op] as Row).fields
    .filter(([name, kind]) => kind === 'slot' && name !== 'slot')
    .map(([name]) => values[name] as number)
    .filter(slot => slot !== PROTOCOL.noSlot)
  const options = op.op === 'fsMount' || op.op === 'mountOverlay' ? String(op.options) : ''
  const named = [...options.matchAll(/\/proc\/self\/fd\/(\d+)/g)].map(
    ([, fd]) => Number(fd) - PROTOCOL.slotBase,
  )
  return [...fields, ...named]
}

const makes = (op: Op): number | undefined => ('slot' in op ? op.slot : undefined)

/** Every operation that takes from a slot nothing has been put into, in the process that runs it. */
export const slotProblems = (plan: Plan): string[] => {
  const problems: string[] = []
  const walk = (chapter: string, ops: readonly Op[], open: Set<number>) => {
    ops.forEach((op, i) => {
      for (const slot of usesOf(op)) {
        if (!open.has(slot)) problems.push(`${chapter} ${i} ${op.op} uses slot ${slot}, which is not open`)
      }
      if (op.op === 'closeFds') for (const slot of open) if (!op.keep.includes(slot)) open.delete(slot)
      const slot = makes(op)
      if (slot === undefined) return
      if (slot >= PROTOCOL.maxSlots) problems.push(`${chapter} ${i} ${op.op}: no slot ${slot}`)
      open.add(slot)
    })
    return open
  }
  const clone = plan.outer.findIndex(({ op }) => op === 'clone')
  const host = walk('outer', plan.outer, new Set())
  const born = walk('outer', plan.outer.slice(0, clone), new Set())
  walk('inner', plan.inner, born)
  walk('teardown', plan.teardown, host)
  return problems
}

/** Every operation in a chapter where it cannot run. */
export const chapterProblems = (plan: Plan): string[] =>
  CHAPTERS.flatMap(([chapter, letter]) =>
    plan[chapter].flatMap(({ op }, i) =>
      (OPS[op] as Row).chapters.includes(letter) ? [] : [`${op} at ${chapter} ${i}`],
    ),
  )

/** Everything that would make the shim refuse a plan, or a step of it fail for want of an earlier one. */
export const planProblems = (plan: Plan): string[] => {
  encode(plan)
  return [...slotProblems(plan), ...chapterProblems(plan)]
}

/** The places of all operations of a name, narrowed by what they hold. */
export const placesOf = (
  ops: readonly Op[],
  name: OpName,
  holds: Readonly<Record<string, unknown>> = {},
): number[] =>
  ops.flatMap((op, i) => {
    const values = op as unknown as Readonly<Record<string, unknown>>
    const fits = op.op === name && Object.entries(holds).every(([key, value]) => values[key] === value)
    return fits ? [i] : []
  })
