import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Json } from './config.ts'

export const KINDS = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
] as const
export type Kind = (typeof KINDS)[number]

/** What a hook found when it ran. */
export interface Found {
  readonly kind: string
  readonly args: string
  readonly cwd: string
  /** Of its namespaces: processes, mounts, network. */
  readonly namespaces: string
  readonly env: readonly string[]
  /** What it had on standard input. */
  readonly state: { readonly [field: string]: unknown }
}

/** Without a shell's own variables: what it was started with. */
const SCRIPT = `#!/bin/sh
log=$1
{
  echo "kind $2"
  echo "args $*"
  echo "cwd $(pwd)"
  for n in pid mnt net; do printf '%s ' "$(readlink /proc/self/ns/$n)"; done; echo
  tr '\\0' '\\n' </proc/self/environ; echo
  cat; echo
  echo end
} >>"$log"
`

/** A program for hooks that notes how it was called, at the end of a log. */
export const makeRecorder = (dir: string): { readonly path: string; readonly log: string } => {
  const path = join(dir, 'recorder')
  writeFileSync(path, SCRIPT)
  chmodSync(path, 0o755)
  return { path, log: join(dir, 'log') }
}

/** Hooks of each of these kinds that note how they were called. */
export const recording = (
  { path, log }: { readonly path: string; readonly log: string },
  kinds: readonly Kind[] = KINDS,
): Readonly<Record<string, readonly Json[]>> =>
  Object.fromEntries(kinds.map(kind => [kind, [{ path, args: ['recorder', log, kind] }]]))

export const foundIn = (log: string): readonly Found[] =>
  (existsSync(log) ? readFileSync(log, 'utf8') : '')
    .split('end\n')
    .filter(part => part !== '')
    .map(part => {
      const [kind = '', args = '', cwd = '', namespaces = '', ...rest] = part.trimEnd().split('\n')
      const value = (line: string) => line.slice(line.indexOf(' ') + 1)
      return {
        kind: value(kind),
        args: value(args),
        cwd: value(cwd),
        namespaces,
        env: rest.slice(0, -1).filter(line => line !== ''),
        state: JSON.parse(rest.at(-1) ?? ''),
      }
    })
