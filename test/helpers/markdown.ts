import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The checkout. */
export const ROOT = join(import.meta.dirname, '..', '..')

/** Every document of the project, as paths from the checkout's top. */
export const documents = (): readonly string[] =>
  globSync(['*.md', 'docs/**/*.md', 'packages/*/*.md', 'shim-c/**/*.md', 'scripts/**/*.md', 'test/**/*.md'], {
    cwd: ROOT,
  }).sort()

export const readDocument = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** A fenced block. */
export interface Block {
  /** The words after the fence: a language, then attributes. */
  readonly info: readonly string[]
  readonly body: string
  /** Of the opening fence, from 1. */
  readonly line: number
  /** The `text` block right after it: what a reader is promised to see. */
  readonly promised: string | undefined
}

/** The fenced blocks of a document, in order. */
export const blocksOf = (text: string): readonly Block[] => {
  const found = [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(match => ({
    info: (match[1] ?? '').split(' ').filter(Boolean),
    body: match[2] ?? '',
    start: match.index,
    end: match.index + match[0].length,
  }))
  return found.map(({ info, body, start, end }, i) => {
    const next = found[i + 1]
    const follows = next?.info[0] === 'text' && text.slice(end, next.start).trim() === ''
    const line = text.slice(0, start).split('\n').length
    return { info, body, line, promised: follows ? next.body : undefined }
  })
}

/** Blocks marked `run`: they are executed. */
export const runnable = (text: string): readonly Block[] =>
  blocksOf(text).filter(({ info }) => info.includes('run'))

/** The value of an attribute such as `status=7`. */
export const attribute = ({ info }: Block, name: string): string | undefined =>
  info.find(word => word.startsWith(`${name}=`))?.slice(name.length + 1)

/**
 * What is promised, as a pattern: `…` stands for anything within a line, and for any number of lines where it stands
 * alone. With `numbers: 'vary'` a number stands for any other: measurements are shown as they were once.
 */
export const promisePattern = (
  promised: string,
  { numbers }: { numbers?: string | undefined } = {},
): RegExp => {
  const lines = promised.replace(/\n$/, '').split('\n')
  const source = lines.map(line => {
    if (line.trim() === '…') return '(?:.*\n)*?'
    const parts = line.split('…').map(literally)
    const varied = numbers === 'vary' ? parts.map(part => part.replace(/\d+(\\\.\d+)?/g, '[\\d.]+')) : parts
    return `${varied.join('.+')}\n`
  })
  return new RegExp(`^${source.join('')}$`)
}

const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** All that is written as code: fenced lines and `spans`, without the blocks that show output. */
export const codeOf = (text: string): readonly string[] => {
  const fenced = blocksOf(text)
    .filter(({ info }) => info[0] !== 'text' && info[0] !== 'go')
    .flatMap(({ body }) => body.replaceAll('\\\n', ' ').split('\n'))
  const prose = text.replace(/^```.*\n[\s\S]*?^```$/gm, '')
  const spans = [...prose.matchAll(/`([^`]+)`/g)].map(match => (match[1] ?? '').replaceAll('\n', ' '))
  return [...fenced, ...spans]
}

/** Where the document's links lead, without those to other sites. */
export const linksOf = (text: string): readonly string[] => {
  const prose = text.replace(/^```.*\n[\s\S]*?^```$/gm, '').replace(/`[^`]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(match => match[1] ?? '')
    .filter(target => !/^[a-z]+:/.test(target))
}

/** The anchors of a document's headings, as forges make them. */
export const anchorsOf = (text: string): readonly string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(match =>
    (match[1] ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
