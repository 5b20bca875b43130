import type { OciPressure, OciPressureLine } from './stats-types.ts'

const LINE = /^(some|full) avg10=([\d.]+) avg60=([\d.]+) avg300=([\d.]+) total=(\d+)$/

/** A pressure file (kernel Documentation/accounting/psi.rst); undefined where the kernel does not measure. */
export const pressureOf = (text: string | undefined): OciPressure | undefined => {
  const found: { some?: OciPressureLine; full?: OciPressureLine } = {}
  for (const line of (text ?? '').split('\n')) {
    const [, kind, ...numbers] = LINE.exec(line) ?? []
    if (kind !== 'some' && kind !== 'full') continue
    const [avg10 = 0, avg60 = 0, avg300 = 0, total = 0] = numbers.map(Number)
    found[kind] = { avg10, avg60, avg300, total }
  }
  return found.some === undefined && found.full === undefined ? undefined : found
}
