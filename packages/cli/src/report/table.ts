/** Rows of words as columns, three blanks apart; the first row is the heading. */
export const textTable = (rows: readonly (readonly string[])[]): string => {
  const columns = rows[0]?.length ?? 0
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...rows.map(row => row[i]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('   ')
      .trimEnd()
  return rows.map(row => `${line(row)}\n`).join('')
}
