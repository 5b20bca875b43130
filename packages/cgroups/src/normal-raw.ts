import { badField } from './field.ts'
import { hasControlCharacter } from './group-path.ts'

/** These move, kill or reorganise processes; they have methods of their own. */
export const NOT_RAW: readonly string[] = [
  'cgroup.procs',
  'cgroup.threads',
  'cgroup.kill',
  'cgroup.freeze',
  'cgroup.subtree_control',
  'cgroup.type',
]

/** Whether this is a control file's name, such as `memory.oom.group`, and not a path. */
export const isControlFile = (name: string): boolean =>
  /^[a-z]{1,32}(?:\.[A-Za-z0-9_]{1,64}){1,4}$/.test(name)

/** Raw files, each with one line of text for it. */
export const normalRaw = (
  raw: Readonly<Record<string, string>>,
): readonly (readonly [file: string, value: string])[] =>
  Object.entries(raw).map(([file, value]) => {
    const where = `raw[${JSON.stringify(file)}]`
    if (!isControlFile(file)) {
      throw badField(where, 'this is not the name of a cgroup file', "write it like 'memory.oom.group'")
    }
    if (NOT_RAW.includes(file)) throw badField(where, 'this file is no limit', 'use the methods of Cgroup')
    if (typeof value !== 'string' || value === '' || value.length > 4095 || hasControlCharacter(value)) {
      throw badField(where, 'the value is not one line of text of at most 4095 characters')
    }
    return [file, value] as const
  })
