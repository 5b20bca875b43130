import { peekText } from '../files.ts'
import { numberAfter } from '../flat-file.ts'
import type { GroupDir } from '../layout.ts'
import { processesOf } from '../tree.ts'
import { childNames } from './files.ts'

const withGroupsBelow = (path: string): readonly string[] => {
  const found = [path]
  for (const dir of found) found.push(...childNames(dir).map(name => `${dir}/${name}`))
  return found
}

/**
 * The processes in a group, and with `recursive` those in groups below it, ascending. Those that our pid namespace cannot see are
 * left out.
 */
export const groupPids = (
  dirs: readonly GroupDir[],
  { recursive = false }: { readonly recursive?: boolean } = {},
): readonly number[] => {
  const paths = dirs.flatMap(({ path }) => (recursive ? withGroupsBelow(path) : [path]))
  const { pids } = processesOf(paths.map(path => peekText(`${path}/cgroup.procs`)))
  return [...pids].sort((a, b) => a - b)
}

const frozen = ({ path, version }: GroupDir): boolean => {
  if (version === 1) return /^FR/.test(peekText(`${path}/freezer.state`) ?? '')
  return (
    peekText(`${path}/cgroup.freeze`)?.trim() === '1' ||
    numberAfter(peekText(`${path}/cgroup.events`), 'frozen') === 1
  )
}

/**
 * Whether a group stands still or is about to: because it was frozen itself, on the v2 tree or by v1's freezer, or because one
 * above it was. A process that joins such a group does not run.
 */
export const groupState = (dirs: readonly GroupDir[]): 'frozen' | 'thawed' =>
  dirs.some(frozen) ? 'frozen' : 'thawed'
