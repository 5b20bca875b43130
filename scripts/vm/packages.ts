import { $ } from 'zx'

/** An installed Debian package, as dpkg's own database describes it. */
export interface InstalledPackage {
  readonly name: string
  readonly version: string
  readonly essential: boolean
  /** Each entry is one dependency, given as the names that satisfy it, in order of preference. */
  readonly depends: readonly (readonly string[])[]
  readonly provides: readonly string[]
}

const FIELDS = ['Package', 'Version', 'Essential', 'Pre-Depends', 'Depends', 'Provides']

/** Reads dpkg's database: deb-control(5) names the fields, dpkg-query(1) prints them. */
export async function installedPackages(): Promise<ReadonlyMap<string, InstalledPackage>> {
  const format = `\${db:Status-Status}\t${FIELDS.map(field => `\${${field}}`).join('\t')}\n`
  const { stdout } = await $({ quiet: true })`dpkg-query -W -f ${format}`
  const packages = new Map<string, InstalledPackage>()
  for (const line of stdout.split('\n')) {
    const [status, name = '', version = '', essential, preDepends = '', depends = '', provides = ''] =
      line.split('\t')
    if (status !== 'installed') continue
    packages.set(name, {
      name,
      version,
      essential: essential === 'yes',
      depends: [...parseRelations(preDepends), ...parseRelations(depends)],
      provides: parseRelations(provides).flat(),
    })
  }
  return packages
}

/** `a (>= 1) | b, c:any` becomes `[['a', 'b'], ['c']]`. */
function parseRelations(field: string): readonly (readonly string[])[] {
  return field
    .split(',')
    .map(relation => relation.split('|').map(alternative => alternative.trim().replace(/[\s(:[].*$/, '')))
    .filter(alternatives => alternatives[0] !== '')
}

/** The named packages and everything they depend on, sorted by name; names that are not installed are left out. */
export function dependencyClosure(
  packages: ReadonlyMap<string, InstalledPackage>,
  roots: readonly string[],
): readonly InstalledPackage[] {
  const providers = new Map([...packages.values()].flatMap(p => p.provides.map(name => [name, p] as const)))
  const found = new Map<string, InstalledPackage>()
  const pending = [...roots]
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const next = packages.get(name) ?? providers.get(name)
    if (next === undefined || found.has(next.name)) continue
    found.set(next.name, next)
    for (const alternatives of next.depends) {
      const chosen = alternatives.find(alternative => packages.has(alternative) || providers.has(alternative))
      if (chosen !== undefined) pending.push(chosen)
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Installs whatever of `names` this system lacks, saying which. Needs the network only when one is missing. */
export async function ensurePackages(names: readonly string[]): Promise<void> {
  const installed = await installedPackages()
  const missing = names.filter(name => !installed.has(name))
  if (missing.length === 0) return
  process.stderr.write(`vm: installing Debian packages: ${missing.join(' ')}\n`)
  const install = $({ nothrow: true, quiet: true })`apt-get install -y --no-install-recommends ${missing}`
  if ((await install).exitCode === 0) return
  // The package lists may be absent or older than the archive.
  await $({ quiet: true })`apt-get update`
  await $({ quiet: true })`apt-get install -y --no-install-recommends ${missing}`
}
