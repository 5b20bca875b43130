import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** As much of JSON Schema (draft 4) as those of the specification use. */
interface Schema {
  readonly $ref?: string
  readonly allOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly enum?: readonly string[]
}

const load = (file: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, 'schemas', file), 'utf8'))

const OTHER_PLATFORM = /^(config|defs)-(windows|solaris|vm|zos|freebsd)\.json/

const at = (reference: string, from: string): { readonly schema: Schema; readonly file: string } => {
  const [named = '', pointer = ''] = reference.split('#')
  const file = named === '' ? from : named
  const keys = pointer.split('/').filter(key => key !== '')
  const schema = keys.reduce((node, key) => (node as Record<string, unknown>)[key], load(file))
  return { schema: schema as Schema, file }
}

/** Every value a document can have by the schema: its path, as in CONFIG_FIELDS, and its words where it has a fixed set. */
const walk = (schema: Schema, file: string, path: string): [string, readonly string[] | undefined][] => {
  if (schema.$ref !== undefined) {
    if (OTHER_PLATFORM.test(schema.$ref)) return [[path, undefined]]
    const found = at(schema.$ref, file)
    return walk(found.schema, found.file, path)
  }
  const parts = [...(schema.allOf ?? []), ...(schema.anyOf ?? [])]
  if (parts.length > 0) return parts.flatMap(part => walk(part, file, path))
  if (schema.items !== undefined) return walk(schema.items, file, `${path}[]`)
  const values = schema.additionalProperties ?? Object.values(schema.patternProperties ?? {})[0]
  if (values !== undefined) return walk(values, file, `${path}.*`)
  if (schema.properties === undefined) return [[path.replace(/\[\]$/, ''), schema.enum]]
  return Object.entries(schema.properties).flatMap(([name, each]) =>
    walk(each, file, path === '' ? name : `${path}.${name}`),
  )
}

export const schemaFields = (): ReadonlyMap<string, readonly string[] | undefined> =>
  new Map(walk(load('config-schema.json') as Schema, 'config-schema.json', ''))
