// The direction of the packages, checked: what a file imports is declared, and what is declared ranks lower.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import ts from 'typescript'

/** A package may import only from packages of a lower rank. */
export const RANKS: Readonly<Record<string, number>> = {
  errors: 0,
  sys: 1,
  protocol: 2,
  cgroups: 2,
  spec: 3,
  plan: 4,
  shim: 4,
  rootfs: 5,
  runtime: 6,
  cli: 7,
}

/** Packages of other people, each with the one package that may use it at run time. */
const FOREIGN: Readonly<Record<string, string>> = { koffi: 'sys', valibot: 'spec' }

const PRINTS = /\bconsole\s*\.\s*\w+|\bprocess\s*\.\s*std(?:out|err)\s*\.\s*write\b/
const COMMENTS = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm

export interface PackageSource {
  /** The directory's name under packages/. */
  readonly dir: string
  /** The name in its package.json. */
  readonly name: string
  readonly dependencies: readonly string[]
  /** Source text by path inside the package, such as src/index.ts. */
  readonly files: Readonly<Record<string, string>>
}

/** Every way the packages break the direction, as one line each. */
export const layerProblems = (packages: readonly PackageSource[]): string[] => {
  const dirOf = new Map(packages.map(({ name, dir }) => [name, dir]))
  return packages.flatMap(pkg => {
    const files = Object.entries(pkg.files)
    if (RANKS[pkg.dir] === undefined)
      return files.length === 0 ? [] : [`packages/${pkg.dir} has no rank in scripts/check-layers.mts`]
    return [
      ...pkg.dependencies.map(to => declared(pkg.dir, to, dirOf.get(to))),
      ...files.flatMap(([path, text]) => fileProblems(pkg, path, text)),
    ].filter(problem => problem !== undefined)
  })
}

const declared = (from: string, name: string, to: string | undefined): string | undefined => {
  const where = `packages/${from}/package.json`
  if (to === undefined)
    return FOREIGN[name] === from ? undefined : `${where}: ${from} may not depend on ${name}`
  // A package without a rank holds a binary and no source; anyone may carry it.
  const rank = RANKS[to] ?? -1
  return rank < RANKS[from]! ? undefined : `${where}: ${from} may not depend on ${to}, which ranks no lower`
}

const fileProblems = (pkg: PackageSource, path: string, text: string): string[] => {
  const where = `packages/${pkg.dir}/${path}`
  const problems: string[] = []
  for (const { fileName } of ts.preProcessFile(text, true, true).importedFiles) {
    const problem = importProblem(pkg, path, fileName)
    if (problem) problems.push(`${where}: ${problem}`)
  }
  const mayPrint = pkg.dir === 'cli' && path.startsWith('src/report/')
  if (!mayPrint && PRINTS.test(text.replace(COMMENTS, '')))
    problems.push(`${where}: only packages/cli/src/report/ prints`)
  return problems
}

const importProblem = (pkg: PackageSource, path: string, target: string): string | undefined => {
  if (target.startsWith('node:')) return undefined
  if (target.startsWith('.')) {
    const inside = relative('/package', resolve('/package', dirname(path), target))
    return inside.startsWith('..') ? `${target} is outside the package` : undefined
  }
  const name = target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/')
  return pkg.dependencies.includes(name) ? undefined : `${name} is imported and not declared`
}

/** Reads the packages of the checkout at `root`. */
export const readPackages = (root: string): PackageSource[] =>
  globSync('packages/*/package.json', { cwd: root }).map(manifest => {
    const home = join(root, dirname(manifest))
    const { name, dependencies, optionalDependencies, peerDependencies } = JSON.parse(
      readFileSync(join(root, manifest), 'utf8'),
    )
    const sources = globSync('src/**/*.ts', { cwd: home })
    return {
      dir: dirname(manifest).replace('packages/', ''),
      name,
      dependencies: Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }),
      files: Object.fromEntries(sources.map(path => [path, readFileSync(join(home, path), 'utf8')])),
    }
  })

if (import.meta.main) {
  const problems = layerProblems(readPackages(join(import.meta.dirname, '..')))
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length > 0 ? 1 : 0
}
