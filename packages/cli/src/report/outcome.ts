import type { Plan } from '@tsbox/protocol'
import type { Receipt } from '@tsbox/runtime'

/** What the user of a box should hear of its end, beyond its exit status: a sentence for each limit that was hit. */
export const notesOf = (
  receipt: Receipt,
  { plan, timeout }: { plan: Plan; timeout: number },
): readonly string[] => {
  const notes: string[] = []
  const { oomKills, pidsLimitHits } = receipt.limits
  if (oomKills) {
    const limit = limitOf(plan, ['memory.max', 'memory.limit_in_bytes'])
    const processes = oomKills === 1 ? 'a process was' : `${oomKills} processes were`
    notes.push(
      `${processes} killed because the box reached its memory limit${limit !== undefined && /^\d+$/.test(limit) ? ` of ${bytes(limit)}` : ''}`,
    )
  }
  if (pidsLimitHits) {
    const limit = limitOf(plan, ['pids.max'])
    notes.push(
      `the box hit its limit of ${limit === '1' ? '1 process' : `${limit ?? '?'} processes`} ${times(pidsLimitHits)}`,
    )
  }
  if (receipt.cause === 'timeout') notes.push(`the box was ended after its time limit of ${timeout / 1000} s`)
  return notes
}

const limitOf = (plan: Plan, files: readonly string[]): string | undefined => {
  const write = plan.outer.find(op => op.op === 'writeAt' && files.includes(String(op.file)))
  return write?.op === 'writeAt' ? String(write.data) : undefined
}

const times = (n: number): string => (n === 1 ? 'once' : `${n} times`)

const bytes = (text: string): string => {
  const value = Number(text)
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(Math.floor(Math.log2(Math.max(value, 1)) / 10), 4)
  const amount = value / 2 ** (10 * power)
  return `${Number.isInteger(amount) ? amount : amount.toFixed(1)} ${units[power]}`
}
