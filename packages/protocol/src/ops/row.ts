/** How a field looks in TypeScript and on the wire. A slot is a number the shim keeps a file descriptor under. */
export type Kind = 'u32' | 'u64' | 'slot' | 'str' | 'str?' | 'strs' | 'bytes' | 'u32s'

export interface OpRow {
  readonly code: number
  readonly chapters: string
  readonly summary: string
  readonly fields: readonly (readonly [name: string, kind: Kind])[]
}

/** Keeps the literal types of a row. */
export const row = <const F extends OpRow['fields']>(
  code: number,
  chapters: string,
  summary: string,
  fields: F,
) => ({
  code,
  chapters,
  summary,
  fields,
})
