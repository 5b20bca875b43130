// The sizes this project promises to stay under, measured.
import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

export interface Size {
  readonly what: string
  readonly actual: number
  readonly limit: number
  readonly unit: 'lines' | 'bytes'
}

export const LIMITS = { handWrittenC: 2400, shimBytes: 65_536, tsFileLines: 350 } as const

const C_SOURCES = 'shim-c/*.{c,h}'
const TS_SOURCES = ['packages/*/{src,test}/**/*.ts', 'scripts/**/*.{ts,mts}', 'test/**/*.ts']
const SHIMS = 'packages/shim-linux-*/bin/tsbox-shim'

/** Lines with code on them: comments explain and blank lines separate, and neither is to be saved on. */
const codeLinesOf = (path: string): number =>
  readFileSync(path, 'utf8')
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .split('\n')
    .filter(line => line.trim() !== '' && !line.trim().startsWith('//')).length

const linesOf = (path: string): number => readFileSync(path, 'utf8').trimEnd().split('\n').length

/** Measures the checkout at `root`; a shim is measured when it has been built. */
export const measureSizes = (root: string): Size[] => {
  const find = (pattern: string | string[]) => globSync(pattern, { cwd: root }).sort()
  const c = find(C_SOURCES).reduce((sum, path) => sum + codeLinesOf(join(root, path)), 0)
  return [
    {
      what: `hand-written C (${C_SOURCES}), without comments and blank lines`,
      actual: c,
      limit: LIMITS.handWrittenC,
      unit: 'lines',
    },
    ...find(SHIMS).map(what => ({
      what,
      actual: statSync(join(root, what)).size,
      limit: LIMITS.shimBytes,
      unit: 'bytes' as const,
    })),
    ...find(TS_SOURCES).map(what => ({
      what,
      actual: linesOf(join(root, what)),
      limit: LIMITS.tsFileLines,
      unit: 'lines' as const,
    })),
  ]
}

export const isTooLarge = ({ actual, limit }: Size): boolean => actual > limit

if (import.meta.main) {
  const sizes = measureSizes(join(import.meta.dirname, '..'))
  const describe = ({ what, actual, limit, unit }: Size) => `${what}: ${actual} of ${limit} ${unit}`
  for (const size of sizes.filter(isTooLarge)) console.error(`too large: ${describe(size)}`)
  const isFirm = ({ what }: Size) => what.startsWith('hand-written') || what.endsWith('tsbox-shim')
  for (const size of sizes.filter(isFirm)) console.log(describe(size))
  process.exitCode = sizes.some(isTooLarge) ? 1 : 0
}
