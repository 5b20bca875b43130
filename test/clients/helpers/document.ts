import { blocksOf, readDocument } from '../../helpers/markdown.ts'

export const DOCUMENT = 'docs/under-engines.md'

/**
 * A file as the document tells a reader to write it: the first block after the line that ends with the file's name and a colon.
 * The tests write this text to disk, so what is copied from the document is what has been tried.
 */
export const fileFromDocument = (path: string): string => {
  const text = readDocument(DOCUMENT)
  const [before, after] = text.split(`\`${path}\`:\n`)
  const block = after === undefined ? undefined : blocksOf(after)[0]
  if (before === undefined || block === undefined) throw new Error(`${DOCUMENT} has no block for ${path}`)
  return block.body
}
