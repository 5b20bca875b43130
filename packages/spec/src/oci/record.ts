import { type Check, shown } from './check.ts'
import { configError, jsonPath } from './config-error.ts'

type Members = Readonly<Record<string, unknown>>

interface RecordOf<T> {
  /** Every field of T. They are read in the order the document has them. */
  readonly fields: { readonly [K in keyof T]-?: Check<T[K]> }
  readonly required?: readonly (keyof T & string)[]
  /** Fields of the specification that are not supported; they come first. */
  readonly refused?: Readonly<Record<string, Check<never>>>
}

const members: Check<Members> = (value, path) => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members
  throw configError(path, `${shown(value)} is not an object`, 'Write its fields in curly braces.')
}

/**
 * An object with the given fields. A field that is null counts as absent, as it does in other runtimes; fields that are not
 * known pass and are left out (config.md, "Extensibility"), except those that would shadow what every object has.
 */
export const record = <T extends object>({ fields, required = [], refused = {} }: RecordOf<T>): Check<T> => {
  const checks = new Map<string, Check<unknown>>(Object.entries(fields))
  checks.set('constructor', inherited).set('prototype', inherited)
  return (value, path) => {
    const given = members(value, path)
    const inner = path === '' ? '' : `${path}.`
    for (const name in refused) {
      if (name in given && given[name] !== null) refused[name]?.(given[name], inner + name)
    }
    const made: Record<string, unknown> = {}
    for (const name in given) {
      const check = checks.get(name)
      const field = given[name]
      if (check === undefined || field === null) continue
      const read = check(field, inner + name)
      if (read !== undefined) made[name] = read
    }
    for (const name of required) {
      if (made[name] === undefined)
        throw configError(inner + name, 'is missing', 'The specification requires this field.')
    }
    return made as T
  }
}

const inherited: Check<never> = (_value, path) => {
  throw configError(path, 'no field can have this name', 'Leave it out.')
}

/** An object whose keys are its user's own. It comes out without a prototype. */
export const map =
  <T>(item: Check<T>, checkKey: Check<unknown> = () => undefined): Check<Readonly<Record<string, T>>> =>
  (value, path) => {
    const made: Record<string, T> = Object.create(null)
    for (const [key, each] of Object.entries(members(value, path))) {
      checkKey(key, path)
      made[key] = item(each, jsonPath(path, key))
    }
    return made
  }

/** A field that the specification has and tsbox has not: never ignored, because its user counts on it. */
export const unsupported =
  (what: string, hint: string): Check<never> =>
  (_value, path) => {
    throw configError(path, what, hint)
  }
