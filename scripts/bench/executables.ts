import { accessSync, constants, existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** Where administrators' programs live even when PATH leaves them out. */
const ALWAYS = ['/usr/sbin', '/sbin', '/usr/local/sbin']

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** The absolute path of a program, or undefined. An absolute name is only checked. */
export const which = (name: string): string | undefined => {
  if (name.startsWith('/')) return isExecutable(name) ? name : undefined
  const folders = [...(process.env.PATH ?? '').split(':'), ...ALWAYS]
  return folders
    .filter(folder => folder.startsWith('/'))
    .map(folder => join(folder, name))
    .find(isExecutable)
}

/** The command is a link to the program that knows it by its name; the script it hands over to lies beside that. */
const scriptOf = (launcher: string): string => {
  const script = join(dirname(realpathSync(launcher)), 'tsbox.cjs')
  return existsSync(script) ? script : launcher
}

/**
 * The Node that an installed launcher starts: the one its `#!` line names, or the one a shell launcher names by an
 * absolute path. Undefined where it leaves the choice to PATH.
 */
export const nodeOfLauncher = (launcher: string): string | undefined => {
  const text = readFileSync(scriptOf(launcher), 'latin1').slice(0, 4096)
  const interpreter = /^#!\s*(\S+)/.exec(text)?.[1]
  if (interpreter !== undefined && basename(interpreter).startsWith('node')) return which(interpreter)
  const named = /(?:^|[\s'"=])(\/[^\s'"]*\/node)(?=['"\s])/m.exec(text)?.[1]
  return named === undefined ? undefined : which(named)
}
